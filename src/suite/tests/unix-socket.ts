/** The UNIX socket of most tests: the destination listens on it, the source connects to it. */
const uri = 'unix:$DIR/migsocket';

export const unixSocket = { listen: uri, connect: uri } as const;
