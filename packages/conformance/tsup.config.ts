import { library } from '../../tsup.base.ts';

const programs = [
  'src/adapter/starter.ts',
  'src/model-server/main.ts',
  'src/scripted-agent/model-agent.ts',
  'src/scripted-agent/pi-agent/main.ts',
  'src/scripted-agent/plain-agent.ts',
];

// Agents and starters are found beside the module that starts them: nothing may move to a shared chunk.
export default library(programs, { splitting: false });
