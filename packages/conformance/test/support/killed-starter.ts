// A harness whose module does not live long: a signal ends the process that loads it.
process.kill(process.pid, 'SIGKILL');
