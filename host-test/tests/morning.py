#!/usr/bin/env python3
"""Runs the lines of "Every morning" in host-test/README.md as they stand there, but for the
ports: host-test/tests/morning.py TWOCHAT

The mail goes by curl to a real SMTP server (aiosmtpd), and is read by Python's own parser;
the chat is a web server here, and the model a program that repeats what it reads.
"""

import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller

TWOCHAT = Path(sys.argv[1]).resolve()
README = Path(__file__).resolve().parents[1] / "README.md"
NAME = "[x](http://evil.example)<script>\u202e|"
EVENT = "whatsapp.conversation.new"


class Mailbox:
    """Keeps what is delivered."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope)
        return "250 OK"


class Chat(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted."""

    posts = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.posts.append((self.headers["content-type"], json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def lines():
    """The command lines of the section."""
    section = README.read_text().split("## Every morning\n")[1].split("\n## ")[0]
    block = section.split("```sh\n")[1].split("```")[0].replace("\\\n", "")
    return block.strip().splitlines()


def stored(folder, environment):
    """Has yesterday's conversation received, with somebody of a hostile name."""
    at = time.strftime("%Y-%m-%dT12:00:00Z", time.gmtime(time.time() - 86_400))
    words = [TWOCHAT, "listen", "--listen", "127.0.0.1:0", "--event", EVENT]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as listening:
        url = listening.stdout.readline().split()[1]
        event = {
            "uuid": "MSG00000001-04f6-449e-acf5-42fc6875ba94",
            "session_key": "WW-WPN66037eca-9ad1-4c96-9eff-526a90a48c77-14155550101@c.us",
            "message": {"text": "Hello"}, "created_at": at, "sent_by": "user",
            "remote_phone_number": "+14155550101", "contact": {"first_name": NAME},
            "time_period": "all-time",
        }
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(event).encode())).read()
        while True:
            listed = subprocess.run([TWOCHAT, "events", "--state", "read", "--output", "jsonl"],
                                    env=environment, capture_output=True, text=True, check=True)
            if listed.stdout:
                break
            time.sleep(0.1)
        listening.terminate()


def judge_mail(envelope):
    """Whether it is the mail that the line promises, and nothing else."""
    assert envelope.rcpt_tos == ["me@example.com"], envelope.rcpt_tos
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert not mail.defects, mail.defects
    assert str(mail["to"]) == str(mail["from"]) == "me@example.com", mail["from"]
    assert "1 conversation, 1 message in" in mail["subject"], mail["subject"]
    assert mail["date"].datetime and mail["message-id"] and mail["auto-submitted"]
    assert mail.get_content_type() == "multipart/alternative"
    parts = list(mail.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"], parts
    assert not any(part.defects for part in parts)
    text, page = (part.get_content() for part in parts)
    assert "Messages in: 1" in text and r"\[x\](http\://evil\.example)\<script\>" in text, text
    assert "[x](http://evil.example)&lt;script&gt;" in page and "<script" not in page, page
    assert "\u202e" not in text + page and page.rstrip().endswith("</html>")


def main():
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        smtp = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=smtp)
    controller.start()
    chat = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=chat.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "llm"
        model.write_text('#!/bin/sh\necho "asked: $1"\ncat\n')
        model.chmod(0o700)
        mock = subprocess.Popen([TWOCHAT, "mock"], stdout=subprocess.PIPE, text=True)
        environment = {
            "HOME": folder, "TZ": "UTC", "XDG_CACHE_HOME": folder,
            "PATH": f"{folder}:{TWOCHAT.parent}:{os.environ['PATH']}",
            "TWOCHAT_API_KEY": "mock-key", "TWOCHAT_BASE_URL": mock.stdout.readline().strip(),
        }
        try:
            stored(folder, environment)
            shown = []
            for line in lines():
                line = re.sub(r"smtp://[^ ']+", f"smtp://127.0.0.1:{smtp}", line)
                line = re.sub(r"https://[^ \"']+", f"http://127.0.0.1:{chat.server_port}/", line)
                ended = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True)
                assert ended.returncode == 0 and not ended.stderr, (line, ended)
                shown.append(ended.stdout)
        finally:
            mock.terminate()
            mock.wait()
    controller.stop()
    assert shown[0].startswith("# ") and "Messages in: 1" in shown[0], shown[0]
    assert shown[1].startswith("asked: ") and "Messages in: 1" in shown[1], shown[1]
    (envelope,) = mailbox.mails
    judge_mail(envelope)
    ((kind, post),) = Chat.posts
    assert kind == "application/json" and "Messages in: 1" in post["text"], post
    print(f"{len(shown)} lines of the README work: shown, to a model, by mail, to a chat")


main()
