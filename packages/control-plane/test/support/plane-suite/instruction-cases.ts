import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { eventsOf, makePlaces, type OpenPlane } from '../planes.ts';

export function instructionCases(openPlane: OpenPlane): void {
  it('a task takes a steer while it runs and shows how far the steer came', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [
        memoryRuntime({
          script: () => [{ do: 'say', text: 'working' }, { do: 'listen' }, { do: 'say', text: 'steered' }],
        }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of task.events()) if (event.type === 'message.completed') break;
    const receipt = await task.steer('the other way');
    await receipt.reached('observed');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const levels = (await eventsOf(plane, task.id))
      .filter((event) => event['instructionId'] === receipt.instructionId)
      .map(({ type }) => type);
    expect(levels).toEqual(
      ['queued', 'sending', 'accepted', 'delivered', 'observed'].map((level) => `instruction.${level}`),
    );
    await expect(task.steer('too late')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('a task waits for an instruction after an interrupt, and goes on with it in the same session', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [
        memoryRuntime({
          script: ({ text }) =>
            text === 'go' ? [{ do: 'say', text: 'first' }, { do: 'hang' }] : [{ do: 'say', text: `then ${text}` }],
        }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of task.events()) if (event.type === 'message.completed') break;
    await task.interrupt();
    for await (const event of task.events()) if (event.type === 'turn.ended') break;
    await expect.poll(async () => (await task.status()).status).toBe('waiting');
    await task.followUp('carry on');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(plane, task.id);
    expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'turn.started')).toHaveLength(2);
  });

  it('a task stays open until it is closed', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: ({ text }) => [{ do: 'say', text }] })],
    });
    const task = await plane.submit({ prompt: 'one', workspace: places.workspace, until: 'closed' });
    await expect.poll(async () => (await task.status()).status).toBe('waiting');
    const receipt = await task.followUp('two');
    await receipt.reached('observed');
    await expect.poll(async () => (await task.status()).status).toBe('waiting');
    await task.close();
    await task.close();
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });
}
