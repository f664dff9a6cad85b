/** The bytes by which lines are cut and recognised. */
export const lineFeed = 0x0a;
export const space = 0x20;
export const quote = 0x22;
export const comma = 0x2c;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
