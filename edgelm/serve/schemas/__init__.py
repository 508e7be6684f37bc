"""The JSON of requests and answers, by which they are checked and described in openapi.json."""
