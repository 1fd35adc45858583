"""Send every LiteLLM call to logsui: one file, for programs that use the LiteLLM SDK without a proxy.

    import litellm
    import logsui_callback

    litellm.callbacks = [logsui_callback.instance]

    litellm.completion(model=..., messages=..., metadata={"litellm_trace_id": "conversation-42"})

In a coroutine, end with `await logsui_callback.instance.aflush()`: see `flush`. It also works inside a proxy
(`litellm_settings.callbacks: logsui_callback.instance`, this file beside config.yaml).

Settings, all from the environment: LOGSUI_API_KEY (needed; a key with scope `ingest`) and LOGSUI_ENDPOINT
(default http://127.0.0.1:8000/api/v1/litellm).

What it does that LiteLLM's own `generic_api` callback does not: it posts synchronous calls too, it keeps the
caller's own metadata (LiteLLM's payload has only keys that LiteLLM knows, so `metadata.litellm_trace_id` is lost
without a proxy), it never drops events because a POST is in flight or failed, and it delivers what is queued when
the program ends. Needs nothing but litellm and the standard library; tried with LiteLLM 1.81.12 and 1.106.2, and
Python 3.11 to 3.13.
"""

import asyncio
import atexit
import json
import logging
import os
import random
import threading
import time
import urllib.error
import urllib.request
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

logger = logging.getLogger("logsui")

DEFAULT_ENDPOINT = "http://127.0.0.1:8000/api/v1/litellm"
QUEUE_EVENTS = 20_000
QUEUE_BYTES = 128 * 1024 * 1024
BATCH_EVENTS = 200
BATCH_BYTES = 4 * 1024 * 1024
POST_TIMEOUT_SECONDS = 30.0
EXIT_SECONDS = 10.0  # how long the end of the program may be held up to deliver what is queued
FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 15.0
# LiteLLM hands an event over in a thread of its own, after the call has returned. `flush` waits for the calls that
# it has seen begin, and a moment for kinds of calls that it is not told about (a mocked embedding, say).
OPEN_CALL_SECONDS = 3.0
QUIET_SECONDS = 0.3
REMEMBERED_EVENTS = 10_000
MAX_DEPTH = 100
WARNING_INTERVAL_SECONDS = 10.0

# The answers that are about the body, and not about the moment or the configuration: sending it again won't help.
REFUSALS = frozenset({400, 413, 422})
PASSING = frozenset({408, 425, 429})

# litellm.Router writes these into the caller's metadata dictionary.
ROUTER_KEYS = frozenset(
    [
        "api_base",
        "attempted_fallbacks",
        "attempted_retries",
        "caching_groups",
        "deployment",
        "deployment_model_name",
        "max_retries",
        "model_group",
        "model_group_alias",
        "model_group_size",
        "model_info",
        "original_model_group",
        "previous_models",
        "request_retry_count",
    ]
)


class PostError(Exception):
    """A POST that was not answered with 2xx: `status` is None when there was no answer at all."""

    def __init__(self, message: str, status: int | None = None, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would follow a redirect with a GET, and take the page it finds there for success."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class LogsuiCallback(CustomLogger):
    """Queues LiteLLM's events and posts them to logsui from a background thread.

    The queue is bounded (`queue_events`, `queue_bytes`). When it is full, new events are dropped: `dropped` counts
    them, a warning says so. `refused` counts the events that logsui answered with 400, 413 or 422.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        api_key: str | None = None,
        queue_events: int = QUEUE_EVENTS,
        queue_bytes: int = QUEUE_BYTES,
        exit_seconds: float = EXIT_SECONDS,
    ) -> None:
        super().__init__()
        self.endpoint = endpoint or os.environ.get("LOGSUI_ENDPOINT") or DEFAULT_ENDPOINT
        self.queue_events = queue_events
        self.queue_bytes = queue_bytes
        self.exit_seconds = exit_seconds
        # Private, because LiteLLM puts public text attributes into its debug log.
        self._api_key = api_key or os.environ.get("LOGSUI_API_KEY") or ""
        self._open = urllib.request.build_opener(_NoRedirect).open
        self._forget_everything()
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            # What is queued belongs to the parent process, and threads do not survive a fork.
            os.register_at_fork(after_in_child=self._forget_everything)

    def _forget_everything(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._in_flight = 0
        self._last_event = 0.0
        self._thread: threading.Thread | None = None
        self._exit_at: float | None = None
        self._seen: OrderedDict[tuple[Any, ...], None] = OrderedDict()
        self._open_calls: OrderedDict[Any, None] = OrderedDict()
        self._dropped = self._refused = self._undelivered = 0
        self._warned: dict[str, float] = {}

    @property
    def dropped(self) -> int:
        """Events lost because the queue was full, or because they could not be written as JSON."""
        return self._dropped

    @property
    def refused(self) -> int:
        """Events that logsui would not take (400, 413, 422)."""
        return self._refused

    # What LiteLLM calls, with the arguments by name. A streamed call comes here once, when it is complete:
    # `log_stream_event` and `async_log_stream_event`, which are called for every chunk, are left alone.

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        with self._changed:
            remember(self._open_calls, kwargs.get("litellm_call_id"))

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._take(kwargs)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._take(kwargs)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        await self._take_without_blocking(kwargs)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        await self._take_without_blocking(kwargs)

    async def _take_without_blocking(self, kwargs: Any) -> None:
        self._take(kwargs)

    def _take(self, kwargs: Mapping[str, Any]) -> None:
        """Queue one event, never raising: a problem with logging must not become the caller's."""
        try:
            payload = payload_of(kwargs)
            if payload is not None and self._is_new(payload):
                self._offer(to_json(payload))
        except Exception:
            logger.exception("logsui: an event could not be written as JSON and is lost")
            with self._changed:
                self._dropped += 1
        finally:
            with self._changed:
                self._open_calls.pop(kwargs.get("litellm_call_id"), None)

    def _is_new(self, payload: Mapping[str, Any]) -> bool:
        """False for an event that was taken before: some call types reach both the sync and the async method."""
        key = tuple(payload.get(name) for name in ("id", "litellm_call_id", "status", "startTime"))
        with self._changed:
            return remember(self._seen, key)

    def _offer(self, event: bytes) -> None:
        with self._changed:
            self._last_event = time.monotonic()
            late = self._exit_at is not None
            if not late and not self._has_room_for(event):
                self._dropped += 1
                self._warn("full", f"logsui: queue full, {self._dropped} events dropped so far")
            elif not late:
                self._queue.append(event)
                self._queued_bytes += len(event)
                self._start_thread()
                self._changed.notify_all()
        if late:
            # LiteLLM's own exit handler runs after ours, and hands over what asynchronous calls left behind.
            self._deliver([event])

    def _has_room_for(self, event: bytes) -> bool:
        return len(self._queue) < self.queue_events and self._queued_bytes + len(event) <= self.queue_bytes

    def _start_thread(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=self._run, name="logsui", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # Python 3.12 and newer start no thread at the end of the program; `close` sends what is queued.
        self._thread = thread

    # The background thread

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._deliver(batch)
            except Exception:
                logger.exception("logsui: %d events are lost by an error in the callback", len(batch))
            with self._changed:
                self._in_flight = 0
                self._changed.notify_all()

    def _next_batch(self) -> list[bytes]:
        """The oldest events, waiting for one if need be; empty when the program ends and none is left."""
        with self._changed:
            while not self._queue and self._exit_at is None:
                self._changed.wait()
            batch: list[bytes] = []
            size = 0
            while (
                self._queue and len(batch) < BATCH_EVENTS and (not batch or size + len(self._queue[0]) <= BATCH_BYTES)
            ):
                batch.append(self._queue.popleft())
                size += len(batch[-1])
            self._queued_bytes -= size
            self._in_flight = len(batch)
            return batch

    def _deliver(self, batch: list[bytes]) -> None:
        """Post a batch until it is stored, trying again for as long as the program lives."""
        attempt = 0
        while True:
            try:
                return self._post(batch)
            except PostError as error:
                if error.status in REFUSALS:
                    return self._deliver_halves(batch, error)
                if self._must_give_up(error):
                    return self._give_up(batch, error)
                self._warn("retry", f"logsui: {error}; {self._waiting()} events wait, trying again")
                self._pause(max(error.retry_after_seconds, retry_delay_seconds(attempt)))
                attempt += 1

    def _deliver_halves(self, batch: list[bytes], error: PostError) -> None:
        """Find the event that the refusal is about, and deliver the others."""
        if len(batch) == 1:
            self._refused += 1
            logger.error("logsui: an event of %d bytes was refused and is lost: %s", len(batch[0]), error)
            return
        middle = len(batch) // 2
        self._deliver(batch[:middle])
        self._deliver(batch[middle:])

    def _must_give_up(self, error: PostError) -> bool:
        """Only at the end of the program: when time is up, or the answer will not change (a wrong key, say)."""
        if self._exit_at is None:
            return False
        final = error.status is not None and error.status < 500 and error.status not in PASSING
        return final or time.monotonic() >= self._exit_at

    def _give_up(self, batch: list[bytes], error: PostError) -> None:
        with self._changed:
            self._undelivered += len(batch) + len(self._queue)
            self._queue.clear()
            self._queued_bytes = 0
        logger.error(
            "logsui: %d events are lost, the program ended before they could be sent: %s", self._undelivered, error
        )

    def _post(self, batch: list[bytes]) -> None:
        """Post one JSON array. Raises PostError unless it was answered with 2xx."""
        headers = {"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.endpoint, b"[" + b",".join(batch) + b"]", headers, method="POST")
        try:
            with self._open(request, timeout=self._timeout_seconds()) as response:
                response.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(500).decode("utf-8", "replace")
            raise PostError(f"{self.endpoint} answered {error.code}: {text}", error.code, retry_after(error)) from error
        except Exception as error:  # URLError, a connection cut in mid answer, an endpoint that is no URL
            raise PostError(f"{self.endpoint} could not be reached: {error!r}") from error

    def _timeout_seconds(self) -> float:
        if self._exit_at is None:
            return POST_TIMEOUT_SECONDS
        return max(1.0, min(POST_TIMEOUT_SECONDS, self._exit_at - time.monotonic()))

    def _pause(self, seconds: float) -> None:
        """Wait before the next try; the end of the program cuts long waits short."""
        until = time.monotonic() + seconds
        with self._changed:
            while (left := until - time.monotonic()) > 0:
                if self._exit_at is not None:
                    until = min(until, time.monotonic() + FIRST_RETRY_SECONDS)
                    left = min(left, FIRST_RETRY_SECONDS)
                self._changed.wait(left)

    def _waiting(self) -> int:
        return len(self._queue) + self._in_flight

    def _warn(self, kind: str, message: str) -> None:
        """Log a warning, at most one of its kind every ten seconds."""
        now = time.monotonic()
        if now - self._warned.get(kind, float("-inf")) >= WARNING_INTERVAL_SECONDS:
            self._warned[kind] = now
            logger.warning("%s", message)

    # Emptying the queue

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until all events so far are stored by logsui; False when `timeout` seconds were not enough.

        For serverless functions and processes that stop without a normal end. In a coroutine use `await aflush()`,
        and as its last step: LiteLLM hands over asynchronous calls in tasks of the event loop, which must go on
        meanwhile, and `asyncio.run` cancels those that are left when the coroutine returns.
        """
        began = time.monotonic()
        with self._changed:
            while (left := began + timeout - time.monotonic()) > 0:
                quiet_seconds = time.monotonic() - max(began, self._last_event)
                enough = OPEN_CALL_SECONDS if self._open_calls else QUIET_SECONDS
                if not self._waiting() and quiet_seconds >= enough:
                    return True
                self._changed.wait(min(left, 0.05))
            return not self._waiting()

    async def aflush(self, timeout: float = 30.0) -> bool:
        """`flush` for coroutines."""
        return await asyncio.to_thread(self.flush, timeout)

    def close(self) -> None:
        """Deliver what is queued, for at most `exit_seconds`; called when the program ends."""
        with self._changed:
            if self._exit_at is not None:
                return
            self._exit_at = time.monotonic() + self.exit_seconds
            self._changed.notify_all()
            thread = self._thread
        if thread is None:
            self._run()
        else:
            thread.join(self.exit_seconds + 1.0)
        self._report()

    def _report(self) -> None:
        if self._waiting():
            logger.error("logsui: %d events are lost, the program ended while they were being sent", self._waiting())
        if self._dropped:
            logger.warning("logsui: %d events were dropped in all", self._dropped)
        if self._open_calls:
            # When `asyncio.run` ends, it cancels the tasks in which LiteLLM logs the calls just made.
            logger.warning(
                "logsui: LiteLLM has not handed over %d calls; end a coroutine with `await instance.aflush()`",
                len(self._open_calls),
            )


def payload_of(kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """LiteLLM's StandardLoggingPayload with the caller's own metadata where a proxy puts it.

    None when there is none yet (a chunk of a stream). LiteLLM's objects are left as they are: other callbacks get
    them too.
    """
    payload = kwargs.get("standard_logging_object")
    if not payload:
        return None
    metadata = dict(payload.get("metadata") or {})
    if metadata.get("requester_metadata") is None:
        metadata["requester_metadata"] = callers_metadata(kwargs.get("litellm_params") or {})
    return {**payload, "metadata": metadata}


def callers_metadata(litellm_params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the caller of the SDK gave as `metadata`, without what LiteLLM added to that dictionary."""
    if litellm_params.get("proxy_server_request"):
        return None  # In a proxy this dictionary is the proxy's own, with keys and budgets in it.
    given = {**(litellm_params.get("litellm_metadata") or {}), **(litellm_params.get("metadata") or {})}
    added = ROUTER_KEYS if "model_group" in given and "model_info" in given else frozenset()
    return {
        str(name): value
        for name, value in given.items()
        if name not in added and name != "hidden_params" and not str(name).startswith(("_", "user_api_key"))
    } or None


def to_json(payload: Mapping[str, Any]) -> bytes:
    """ASCII JSON of a payload, whatever the caller put into it."""
    try:
        return json.dumps(payload, default=plain).encode("ascii")
    except Exception:  # keys that are no text, circular references, extreme depth, objects that cannot be described
        return json.dumps(plain_tree(payload, ())).encode("ascii")


def plain(value: Any) -> Any:
    """What JSON has no form for: the fields of a pydantic model, the items of a set, else its text."""
    if callable(dump := getattr(value, "model_dump", None)) and not isinstance(value, type):
        return dump()
    if isinstance(value, (set, frozenset)):
        return list(value)
    return str(value)


def plain_tree(value: Any, around: tuple[int, ...]) -> Any:
    """A copy that JSON has a form for, with LiteLLM's own marks where something is cut.

    `around` holds the identities of the containers that the value is in.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if id(value) in around:
        return "CircularReference Detected"
    if len(around) >= MAX_DEPTH:
        return "MaxDepthExceeded"
    inside = (*around, id(value))
    if isinstance(value, Mapping):
        return {str(name): plain_tree(item, inside) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_tree(item, inside) for item in value]
    try:
        return plain_tree(plain(value), inside)
    except Exception:
        return f"<{type(value).__name__} that cannot be described>"


def remember(known: OrderedDict[Any, None], key: Any) -> bool:
    """Add a key to the newest ten thousand; False when it was among them already."""
    if key in known:
        return False
    known[key] = None
    if len(known) > REMEMBERED_EVENTS:
        known.popitem(last=False)
    return True


def retry_delay_seconds(attempt: int) -> float:
    """0.25, 0.5, 1, ... 15 seconds, each shortened by up to a quarter, so that many processes do not come at once."""
    return min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(attempt, 16)) * random.uniform(0.75, 1.0)


def retry_after(error: urllib.error.HTTPError) -> float:
    """The seconds of a Retry-After header, at most a minute; 0 without one."""
    value = (error.headers.get("Retry-After") or "").strip()
    return min(60.0, float(value)) if value.isdigit() else 0.0


instance = LogsuiCallback()
