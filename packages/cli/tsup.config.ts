import { build } from 'tsup';
import { library } from '../../tsup.base.ts';
import { program } from '../../tsup.program.ts';

export default library([], {
  // In this order, because the library begins with an empty folder.
  onSuccess: () => build({ config: false, ...program({ main: 'src/main.ts' }) }),
});
