# Finds what there is by python3-zeroconf, a responder and asker of its own, and prints it a line each.
# find.py SECONDS
import sys, time
from zeroconf import IPVersion, ServiceBrowser, Zeroconf

def show(zc, kind, name):
    info = zc.get_service_info(kind, name, timeout=5000)
    if info is None:
        print("unresolved", name, flush=True)
        return
    addresses = sorted(info.parsed_addresses(IPVersion.All))
    print("found", name, info.server, info.port, info.properties.get(b"path", b"").decode(), *addresses, flush=True)

class Listener:
    def add_service(self, zc, kind, name): show(zc, kind, name)
    def update_service(self, zc, kind, name): show(zc, kind, name)
    def remove_service(self, zc, kind, name): print("lost", name, flush=True)

zc = Zeroconf(ip_version=IPVersion.V4Only)
ServiceBrowser(zc, "_http._tcp.local.", Listener())
time.sleep(float(sys.argv[1]))
zc.close()
