/**
 * The rooms of every package, which are the folders below its `src`, and the other rooms that each may import; `.` is
 * `src` itself. The topology test holds the sources to it, and prints what would be right.
 */
export const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'adapter-kit': {
    process: [],
    run: ['process', 'source'],
    source: [],
  },
  'adapter-local': {
    '.': [],
  },
  'adapter-pi': {
    '.': ['translate'],
    translate: ['.'],
  },
  'adapter-tmux': {
    '.': [],
  },
  cli: {
    '.': ['arguments', 'commands', 'config', 'doctor', 'owner'],
    arguments: [],
    commands: ['.', 'arguments', 'config', 'doctor', 'owner', 'render'],
    config: ['.', 'arguments'],
    doctor: ['.', 'owner'],
    owner: ['.', 'config'],
    render: ['.', 'arguments'],
  },
  conformance: {
    '.': ['memory-runtime', 'model-server', 'scripted-agent'],
    adapter: ['adapter/cases'],
    'adapter/cases': ['adapter'],
    'event-log': [],
    'memory-runtime': [],
    'model-server': [],
    'scripted-agent': [],
    'scripted-agent/pi-agent': ['scripted-agent'],
  },
  contracts: {
    '.': ['base', 'events', 'plane', 'vocabulary'],
    adapter: ['base', 'events', 'vocabulary'],
    base: [],
    events: ['base', 'vocabulary'],
    fold: ['base', 'events', 'log', 'plane', 'vocabulary'],
    log: ['base'],
    plane: ['adapter', 'base', 'events', 'log', 'vocabulary'],
    vocabulary: ['base'],
  },
  'control-plane': {
    '.': ['open', 'plane', 'socket', 'task'],
    api: ['client', 'plane', 'task'],
    client: [],
    open: ['.', 'api', 'client', 'plane', 'runtimes', 'socket', 'task', 'waiting'],
    plane: ['api', 'runtimes', 'task'],
    run: ['task', 'waiting'],
    runtimes: ['waiting'],
    socket: ['client'],
    task: ['run', 'runtimes', 'waiting'],
    waiting: [],
  },
  'event-log': {
    '.': [],
  },
};
