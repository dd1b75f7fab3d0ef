"""One worker of a server, as a program: the socket's number and the folder of figures; its settings come on stdin."""

import sys

from hitherto.serve.run import worker

if __name__ == "__main__":
    worker(int(sys.argv[1]), sys.argv[2], sys.stdin.buffer.read())
