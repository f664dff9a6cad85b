import { openOverSocket, openPlane } from '../support/planes.ts';
import { planeSuite } from '../support/plane-suite/plane-suite.ts';

planeSuite('a plane in this process', openPlane);
planeSuite('the socket of a plane', openOverSocket);
