// An agent that says when it says something: lines with the monotonic clock, which all processes of a machine share.
const [, , lines = '1', gapMs = '0'] = process.argv;

for (let line = 0; line < Number(lines); line += 1) {
  await new Promise((resolve) => setTimeout(resolve, Number(gapMs)));
  process.stdout.write(`${process.hrtime.bigint()}\n`);
}
