/** Answers a request of the API; false: the request is for something else. */
export function answer(_request, _response) {
  return false;
}
