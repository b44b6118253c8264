// The development server answers the API with made-up numbers. Nothing of this folder is shipped.

import { answer } from "./answer.mjs";

export function fake() {
  return {
    name: "fake-api",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!answer(request, response)) next();
      });
    },
  };
}
