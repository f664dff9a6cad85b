import type { Socket } from 'node:net';

/** Waits until the socket has room again or is closed. It has two listeners, however many calls wait. */
export function whenDrained(socket: Socket): () => Promise<void> {
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        waiting = undefined;
        resolve();
      };
      socket.once('drain', done);
      socket.once('close', done);
      if (socket.destroyed) done();
    });
    return waiting;
  };
}
