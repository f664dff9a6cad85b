/** Mounts the commands in a host, and prints what that did to the process before one of them was called. */
import { readdirSync } from 'node:fs';

const touched: string[] = [];
for (const name of ['stdin', 'stdout', 'stderr'] as const) {
  const property = Object.getOwnPropertyDescriptor(process, name);
  Object.defineProperty(process, name, {
    ...property,
    get(): unknown {
      touched.push(name);
      return property?.get?.call(process);
    },
  });
}

const look = () => ({
  touched: [...touched],
  listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
  open: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
  directory: process.cwd(),
  resources: process.getActiveResourcesInfo(),
});

async function main(): Promise<void> {
  const [{ Command }, { nodeDependencies, registerCommands }] = await Promise.all([
    import('commander'),
    import('../../src/index.ts'),
  ]);
  const before = look();
  const host = new Command('host').exitOverride();
  // Spread, as hosts do.
  registerCommands(host.command('agents'), { ...nodeDependencies(), version: '1.2.3' });
  const after = look();
  await host.parseAsync(['agents', 'list', '--json'], { from: 'user' });
  console.log(JSON.stringify({ before, after, later: look() }));
}
void main();
