"""What pyspf and dkimpy, which many receivers run, say of mail. One JSON document in, one out."""
import base64
import json
import sys


def spf_results(ask):
    import dns.resolver
    import spf
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ['127.0.0.1']
    resolver.port = ask['port']
    dns.resolver.default_resolver = resolver
    return [spf.check2(i=c['address'], s=c['sender'], h=c['helo'])[0] for c in ask['cases']]


def dns_of(ask):
    def look(name, timeout=5):
        text = ask['records'].get(name.decode().rstrip('.').lower())
        return text.encode() if text else None
    return look


def dkim_results(ask):
    import dkim
    out = []
    for mail in ask['mails']:
        d = dkim.DKIM(base64.b64decode(mail))
        count = sum(1 for name, _ in d.headers if name.lower() == b'dkim-signature')
        said = []
        for i in range(count):
            try:
                said.append('pass' if d.verify(idx=i, dnsfunc=dns_of(ask)) else 'fail')
            except dkim.DKIMException:
                said.append('fail')
        out.append(' '.join(said))
    return out


def arc_results(ask):
    import dkim
    out = []
    for mail in ask['mails']:
        mail = base64.b64decode(mail)
        said = dkim.arc_verify(mail, dnsfunc=dns_of(ask))[0]  # None of a chain that it gives up on
        out.append((said or (b'fail' if b'ARC-Seal' in mail else b'none')).decode())
    return out


def seal(ask):
    import dkim
    mail = base64.b64decode(ask['mail'])
    for domain in ask['domains']:
        mail = ('Authentication-Results: %s; dmarc=pass header.from=far.example; arc=%s\r\n'
                % (domain, 'pass' if domain != ask['domains'][0] else 'none')).encode() + mail
        fields = dkim.arc_sign(mail, b'arc', domain.encode(), ask['key'].encode(), domain.encode(), timestamp=ask['time'])
        mail = b''.join(fields) + mail
    return base64.b64encode(mail).decode()


ask = json.load(sys.stdin)
json.dump({'spf': spf_results, 'dkim': dkim_results, 'arc': arc_results, 'seal': seal}[sys.argv[1]](ask), sys.stdout)
