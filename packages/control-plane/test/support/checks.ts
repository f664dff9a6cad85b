import { readdir } from 'node:fs/promises';
import type { MemoryScript } from '@runtime/conformance/memory-runtime';
import type { ControlPlane, SubmitRequest, TaskStreamEvent } from '@runtime/contracts';
import { expect } from 'vitest';
import { eventsOf, type Places } from './planes.ts';
import { textOf } from './text-of.ts';

export const sh = (script: string): string[] => ['sh', '-c', script];

/** Says what it was told, and writes so often to the file that the check reads. */
export const worker: MemoryScript = ({ text }) => [
  { do: 'say', text: `told: ${text}` },
  { do: 'write', path: 'work', text: 'again' },
];

export async function artifactsOf(plane: ControlPlane, id: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const artifact of plane.task(id).artifacts()) texts[artifact.name] = await textOf(artifact.body());
  return texts;
}

export const checksOf = async (plane: ControlPlane, id: string) =>
  ((await eventsOf(plane, id)) as readonly unknown[] as TaskStreamEvent[]).flatMap((event) =>
    event.type === 'check.ended' ? [event] : [],
  );

export const request = (places: Places, more: Partial<SubmitRequest>): SubmitRequest => ({
  prompt: 'go',
  workspace: places.workspace,
  ...more,
});

/** Resolves once the file is there. */
export const appears = (places: Places, name: string) =>
  expect.poll(async () => (await readdir(places.workspace)).includes(name)).toBe(true);
