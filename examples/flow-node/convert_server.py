"""What the flow Convert is behind: POST with the inputs, the answer is the result."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Convert(BaseHTTPRequestHandler):
    def do_POST(self):
        inputs = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps({"text": str(inputs.get("text", "")).upper()}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9300), Convert).serve_forever()
