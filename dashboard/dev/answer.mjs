// Made-up answers of the API. The scene is the first part of the path, so that each scene is a page under a path of its own:
// http://127.0.0.1:5180/degraded/ asks /degraded/api/stream. Special scenes:
//   denied   nobody is logged in           silent   one snapshot, then nothing
//   away     every request but the files is refused by the network
//   version  another version after 3 s     restart  another instance after 3 s
//   slow     nothing is answered
// `npm run dev` has one scene, that of the variable SCENE.

import { history } from "./answers/history.mjs";
import { overview } from "./answers/overview.mjs";
import { redis_day } from "./answers/redis.mjs";
import { session } from "./answers/session.mjs";

const started = Date.now();

/** Answers a request of the API; false: the request is for something else. */
export function answer(request, response) {
  const { pathname } = new URL(request.url, "http://page");
  const match = /^(?:\/(\w+))?\/api\/(.+)$/.exec(pathname);
  if (!match) return false;
  const [, scene = process.env.SCENE ?? "ready", path] = match;
  if (scene === "slow") return true;
  if (scene === "away") return gone(request);
  if (path === "session") return json(response, session(scene, Date.now()));
  if (scene === "denied")
    return json(response, { error: "Log in first.", code: "login", retry_after_ms: null }, 401);
  if (path === "overview") return tagged(request, response, snapshot(scene));
  if (path === "stream") return stream(request, response, scene);
  if (path === "history") return json(response, history(scene, Date.now()));
  if (path === "redis") return json(response, redis_day(scene, Date.now()));
  return json(
    response,
    { error: "The development server has no answer for this.", code: "no_such_path", retry_after_ms: null },
    404,
  );
}

function snapshot(scene, late = false) {
  const at = Date.now();
  const made = overview(scene, at, started);
  if (scene === "version" && late) made.version = "0.9.1";
  if (scene === "restart" && late) made.instance = "i-another";
  return made;
}

function gone(request) {
  request.socket.destroy();
  return true;
}

function json(response, body, status = 200) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
  return true;
}

function tagged(request, response, body) {
  const etag = `"${body.instance}-${body.seq}"`;
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, { etag });
    response.end();
    return true;
  }
  response.setHeader("etag", etag);
  return json(response, body);
}

function stream(request, response, scene) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let sent = 0;
  const send = () => {
    sent += 1;
    response.write(`event: snapshot\ndata: ${JSON.stringify(snapshot(scene, sent > 3))}\n\n`);
  };
  send();
  if (scene === "silent") return true;
  const timer = setInterval(send, 1_000);
  request.on("close", () => clearInterval(timer));
  return true;
}
