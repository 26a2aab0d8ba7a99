# A relay that speaks COMPRESS=DEFLATE with C zlib: deflate.py PORT FLUSH
# It logs in to the server on PORT, starts compression, prints the port that it
# listens on, and passes on what comes there, each piece flushed with FLUSH.
import socket, sys, threading, zlib

server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
lines = server.makefile("rb")
lines.readline()
for command in (b"x LOGIN ana secret\r\n", b"x COMPRESS DEFLATE\r\n"):
    server.sendall(command)
    while not (line := lines.readline()).startswith(b"x "):
        pass
    if not line.startswith(b"x OK"):
        sys.exit(line)

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
client, _ = listener.accept()
for s in (server, client):
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
flush = getattr(zlib, sys.argv[2])


def up():
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    while said := client.recv(1 << 16):
        server.sendall(deflate.compress(said) + deflate.flush(flush))
    server.shutdown(socket.SHUT_WR)


threading.Thread(target=up, daemon=True).start()
inflate = zlib.decompressobj(-15)
while said := server.recv(1 << 16):
    client.sendall(inflate.decompress(said))
