import { openOverSocket, openPlane } from '../support/planes.ts';
import { planeSuite } from '../support/plane-suite.ts';

planeSuite('a plane in this process', openPlane);
planeSuite('its socket', openOverSocket);
