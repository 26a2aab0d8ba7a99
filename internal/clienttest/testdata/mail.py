"""Sends and fetches with Python's own libraries; the test starts it as: mail.py ACTION PORT CA USER PASSWORD [ARGUMENTS]"""

import imaplib
import poplib
import smtplib
import ssl
import sys

action, port, ca, user, password = sys.argv[1:6]
rest = sys.argv[6:]
port = int(port)
tls = ssl.create_default_context(cafile=ca)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(folder, name, octets):
    with open(f"{folder}/{name}", "wb") as f:
        f.write(octets)


def send(client):
    sender, to, path = rest
    options = ["BODY=8BITMIME"] + ([] if to.isascii() else ["SMTPUTF8"])
    client.ehlo()
    client.login(user, password)
    client.sendmail(sender, [to], read(path), mail_options=options)
    client.quit()


def smtp():
    client = smtplib.SMTP("localhost", port)
    client.starttls(context=tls)
    send(client)


def smtps():
    send(smtplib.SMTP_SSL("localhost", port, context=tls))


def fetch_pop(client):
    client.utf8()
    client.user(user)
    client.pass_(password)
    count, octets = client.stat()
    assert len(client.list()[1]) == count
    assert len(client.uidl()[1]) == count
    assert sum(int(line.split()[1]) for line in client.list()[1]) == octets
    for n in range(1, count + 1):
        write(rest[0], n, b"".join(line + b"\n" for line in client.retr(n)[1]))
    client.quit()


def pop3():
    client = poplib.POP3("localhost", port)
    client.stls(context=tls)
    fetch_pop(client)


def pop3s():
    fetch_pop(poplib.POP3_SSL("localhost", port, context=tls))


def fetch_imap(client):
    client.login(user, password)
    client.select("INBOX", readonly=True)
    for n in client.search(None, "ALL")[1][0].split():
        octets = client.fetch(n, "(RFC822.SIZE BODY.PEEK[])")[1][0]
        assert b"RFC822.SIZE %d " % len(octets[1]) in octets[0] + b" ", octets[0]
        write(rest[0], int(n), octets[1])
    client.logout()


def imap():
    client = imaplib.IMAP4("localhost", port)
    client.starttls(ssl_context=tls)
    fetch_imap(client)


def imaps():
    fetch_imap(imaplib.IMAP4_SSL("localhost", port, ssl_context=tls))


def append():
    client = imaplib.IMAP4_SSL("localhost", port, ssl_context=tls)
    client.login(user, password)
    kind, data = client.append("INBOX", r"(\Seen custom)", imaplib.Time2Internaldate(1700000000), read(rest[0]))
    assert kind == "OK", data
    client.logout()


globals()[action]()
