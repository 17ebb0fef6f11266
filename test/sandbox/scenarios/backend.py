"""A login backend in Python, of the standard library only: what `sandbox verify` says of a server has nothing to do
with Node. Prints its address when it listens."""

import json
import os
import secrets
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WECHAT = os.environ["WX_API_BASE"]
APP = {"appid": os.environ["WX_APPID"], "secret": os.environ["WX_SECRET"]}
STATUS = {40029: 401, 40163: 401, 40226: 403, 45011: 429, -1: 503}

sessions = {}
access_token = None


class Refusal(Exception):
    def __init__(self, status):
        super().__init__(status)
        self.status = status


def ask_wechat(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(WECHAT + path, data), timeout=3) as reply:
            return json.load(reply)
    except (OSError, ValueError):
        raise Refusal(502)


def log_in(code):
    if not isinstance(code, str) or code == "":
        raise Refusal(400)
    query = {**APP, "js_code": code, "grant_type": "authorization_code"}
    reply = ask_wechat("/sns/jscode2session?" + urllib.parse.urlencode(query))
    if reply.get("errcode", 0) != 0:
        raise Refusal(STATUS.get(reply["errcode"], 502))
    token = secrets.token_urlsafe(32)
    sessions[token] = reply["openid"]
    return {"token": token}


def get_access_token(renew):
    global access_token
    if access_token is None or renew:
        body = {"grant_type": "client_credential", **APP}
        access_token = ask_wechat("/cgi-bin/stable_token", body)["access_token"]
    return access_token


def phone_number(code, openid, renew=False):
    if not isinstance(code, str) or code == "":
        raise Refusal(400)
    path = "/wxa/business/getuserphonenumber?access_token=" + get_access_token(renew)
    reply = ask_wechat(path, {"code": code, "openid": openid})
    if reply["errcode"] in (40001, 42001) and not renew:
        return phone_number(code, openid, renew=True)
    if reply["errcode"] != 0:
        raise Refusal(400 if reply["errcode"] in (40029, 40003, 40163) else 502)
    return {"phone": reply["phone_info"]["phoneNumber"]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        if (self.command, self.path) == ("POST", "/login"):
            return log_in(body.get("code"))
        if (self.command, self.path) == ("POST", "/logout"):
            sessions.pop(token, None)
            return {}
        openid = sessions.get(token)
        if openid is None:
            raise Refusal(401)
        if (self.command, self.path) == ("POST", "/phone"):
            return phone_number(body.get("code"), openid)
        return {}

    def handle_request(self):
        try:
            status, reply = 200, self.answer()
        except Refusal as refusal:
            status, reply = refusal.status, {}
        text = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = handle_request

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
