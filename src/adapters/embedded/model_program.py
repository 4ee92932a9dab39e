"""The program of the local model's process: load the weights, serve chat completions on loopback, wait to be ended."""

import os
import signal
import sys


def main(weights: str, name: str, context_tokens: int) -> None:
    """Serve two conversations at a time, each with `context_tokens` of context; the key comes in MODEL_API_KEY."""
    import xllamacpp  # noqa: PLC0415  (only this process may load the native library)

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {name}
    params.n_ctx, params.n_parallel, params.n_predict = context_tokens * 2, 2, context_tokens
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [os.environ["MODEL_API_KEY"]]
    params.warmup = False
    params.cpuparams.n_threads = min(os.cpu_count() or 1, 4)
    server = xllamacpp.Server(params)
    sys.stdout.write(f"listening on {server.listening_address}\n")
    sys.stdout.flush()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
