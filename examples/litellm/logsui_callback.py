"""Sends every LiteLLM call to logsui. One file, for programs that use the LiteLLM SDK without a proxy.

    import litellm
    import logsui_callback

    litellm.callbacks = [logsui_callback.instance]
    litellm.completion(model=..., messages=..., metadata={"litellm_trace_id": "conversation-42"})

In a coroutine, end with `await logsui_callback.instance.aflush()`; `flush` says why. It also works inside a proxy:
put this file beside config.yaml and set `litellm_settings.callbacks: logsui_callback.instance`.

Environment variables: LOGSUI_API_KEY (required, a key with scope `ingest`) and LOGSUI_ENDPOINT
(default http://127.0.0.1:8000/api/v1/litellm).

Unlike LiteLLM's own `generic_api` callback, it posts synchronous calls too, keeps the caller's own metadata (without a
proxy LiteLLM drops `metadata.litellm_trace_id`), loses no events while a POST is in flight or fails, and sends what is
still queued when the program ends. It needs only litellm and the standard library. Tested with LiteLLM 1.81.12 and
1.106.2, and with Python 3.11 to 3.13.
"""

import asyncio
import atexit
import contextlib
import itertools
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
EXIT_SECONDS = 10.0  # how long the program may wait at its end to send what is queued
FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 15.0
# LiteLLM reports an event from its own thread, after the call has returned. `flush` waits for calls that it saw start,
# and a moment longer for calls that LiteLLM does not announce (a mocked embedding, for example).
OPEN_CALL_SECONDS = 3.0
QUIET_SECONDS = 0.3
REMEMBERED_EVENTS = 10_000
MAX_DEPTH = 100
WARNING_INTERVAL_SECONDS = 10.0

REFUSALS = frozenset({400, 413, 422})  # the body is at fault, so sending it again cannot help
TEMPORARY = frozenset({408, 425, 429})  # a retry may help, although they are below 500

# litellm.Router writes these keys into the caller's metadata dictionary.
ROUTER_KEYS = frozenset(
    "api_base attempted_fallbacks attempted_retries caching_groups deployment deployment_model_name max_retries"  # noqa: SIM905
    " model_group model_group_alias model_group_size model_info original_model_group previous_models"
    " request_retry_count".split()
)


class PostError(Exception):
    """A POST without a 2xx answer. `status` is None when there was no answer at all."""

    def __init__(self, message: str, status: int | None = None, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Without it, urllib follows a redirect with a GET and takes the page there for success."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class LogsuiCallback(CustomLogger):
    """Queues LiteLLM's events and posts them to logsui from a background thread.

    While the queue is full (`queue_events`, `queue_bytes`), new events are dropped with a warning. `dropped` counts
    these and events that cannot be written as JSON; `refused` counts those that logsui answered with 400, 413 or 422.
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
        # Private, because LiteLLM writes public text attributes to its debug log.
        self._api_key = api_key or os.environ.get("LOGSUI_API_KEY") or ""
        self._open = urllib.request.build_opener(_NoRedirect).open
        self._forget_everything()
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            # The queue belongs to the parent process, and threads do not survive a fork.
            os.register_at_fork(after_in_child=self._forget_everything)

    def _forget_everything(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._queued_bytes = self._in_flight = 0
        self._last_event = 0.0
        self._thread: threading.Thread | None = None
        self._exit_at: float | None = None
        self._seen: OrderedDict[tuple[Any, ...], None] = OrderedDict()
        self._open_calls: OrderedDict[Any, None] = OrderedDict()
        self.dropped = self.refused = self._undelivered = 0
        self._warned: dict[str, float] = {}

    # LiteLLM calls these methods, with keyword arguments. A streamed call is reported once, when it is complete:
    # `log_stream_event` and `async_log_stream_event`, which would be called for every chunk, are not overridden.

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        with self._changed:
            remember(self._open_calls, kwargs.get("litellm_call_id"))

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._take(kwargs)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._take(kwargs)

    log_failure_event = log_success_event
    async_log_failure_event = async_log_success_event

    def _take(self, kwargs: Mapping[str, Any]) -> None:
        """Queue one event. Never raises: a problem with logging must not become the caller's."""
        try:
            payload = payload_of(kwargs)
            if payload is not None and self._is_new(payload):
                self._offer(to_json(payload))
        except Exception:
            logger.exception("logsui: an event could not be written as JSON and is lost")
            with self._changed:
                self.dropped += 1
        finally:
            with self._changed:
                self._open_calls.pop(kwargs.get("litellm_call_id"), None)

    def _is_new(self, payload: Mapping[str, Any]) -> bool:
        """False for an event that was queued before: some calls reach both the sync and the async method."""
        with self._changed:
            return remember(self._seen, tuple(map(payload.get, ("id", "litellm_call_id", "status", "startTime"))))

    def _offer(self, event: bytes) -> None:
        with self._changed:
            self._last_event = time.monotonic()
            late = self._exit_at is not None
            has_room = len(self._queue) < self.queue_events and self._queued_bytes + len(event) <= self.queue_bytes
            if not late and not has_room:
                self.dropped += 1
                self._warn("full", f"logsui: queue full, {self.dropped} events dropped so far")
            elif not late:
                self._queue.append(event)
                self._queued_bytes += len(event)
                self._start_thread()
                self._changed.notify_all()
        if late:
            # LiteLLM's exit handler runs after ours and reports the last asynchronous calls.
            self._deliver([event])

    def _start_thread(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="logsui", daemon=True)
            # Python 3.12 and newer start no thread while the program ends; `close` then sends the queue.
            with contextlib.suppress(RuntimeError):
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._deliver(batch)
            except Exception:
                logger.exception("logsui: %d events are lost because of an error in the callback", len(batch))
            with self._changed:
                self._in_flight = 0
                self._changed.notify_all()

    def _next_batch(self) -> list[bytes]:
        """The oldest events; waits for one if there is none. Empty when the program ends and none is left."""
        with self._changed:
            while not self._queue and self._exit_at is None:
                self._changed.wait()
            batch: list[bytes] = []
            size = 0
            while self._queue and len(batch) < BATCH_EVENTS:
                if batch and size + len(self._queue[0]) > BATCH_BYTES:
                    break
                batch.append(self._queue.popleft())
                size += len(batch[-1])
            self._queued_bytes -= size
            self._in_flight = len(batch)
            return batch

    def _deliver(self, batch: list[bytes]) -> None:
        """Post a batch, and retry until it is stored or the program ends."""
        for attempt in itertools.count():
            try:
                return self._post(batch)
            except PostError as error:
                if error.status in REFUSALS:
                    return self._deliver_halves(batch, error)
                if self._gives_up(batch, error):
                    return None
                self._warn("retry", f"logsui: {error}; {self._waiting()} events are waiting, trying again")
                self._pause(max(error.retry_after_seconds, retry_delay_seconds(attempt)))

    def _deliver_halves(self, batch: list[bytes], error: PostError) -> None:
        """Find the event that was refused, and deliver the others."""
        if len(batch) == 1:
            self.refused += 1
            logger.error("logsui: an event of %d bytes was refused and is lost: %s", len(batch[0]), error)
            return
        middle = len(batch) // 2
        self._deliver(batch[:middle])
        self._deliver(batch[middle:])

    def _gives_up(self, batch: list[bytes], error: PostError) -> bool:
        """Only while the program ends: when its time is up, or when a retry cannot help (a wrong key, for example)."""
        if self._exit_at is None:
            return False
        final = error.status is not None and error.status < 500 and error.status not in TEMPORARY
        if not final and time.monotonic() < self._exit_at:
            return False
        with self._changed:
            self._undelivered += len(batch) + len(self._queue)
            self._queue.clear()
            self._queued_bytes = 0
        logger.error("logsui: %d events are lost, not sent before the program ended: %s", self._undelivered, error)
        return True

    def _post(self, batch: list[bytes]) -> None:
        """Post one JSON array. Raises PostError unless the answer is 2xx."""
        seconds = POST_TIMEOUT_SECONDS
        if self._exit_at is not None:
            seconds = max(1.0, min(seconds, self._exit_at - time.monotonic()))
        headers = {"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.endpoint, b"[" + b",".join(batch) + b"]", headers, method="POST")
        try:
            with self._open(request, timeout=seconds) as response:
                response.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(500).decode("utf-8", "replace")
            after = error.headers.get("Retry-After", "").strip()
            delay = min(60.0, float(after)) if after.isdigit() else 0.0
            raise PostError(f"{self.endpoint} answered {error.code}: {text}", error.code, delay) from error
        except Exception as error:  # URLError, a connection that broke, an endpoint that is no URL
            raise PostError(f"{self.endpoint} could not be reached: {error!r}") from error

    def _pause(self, seconds: float) -> None:
        """Wait before the next attempt; only for a moment while the program ends."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._exit_at is not None, seconds):
                return
        time.sleep(min(seconds, FIRST_RETRY_SECONDS))

    def _waiting(self) -> int:
        return len(self._queue) + self._in_flight

    def _warn(self, kind: str, message: str) -> None:
        """Log a warning, at most one of each kind every ten seconds."""
        now = time.monotonic()
        if now - self._warned.get(kind, float("-inf")) >= WARNING_INTERVAL_SECONDS:
            self._warned[kind] = now
            logger.warning("%s", message)

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until logsui has stored all events so far; False when `timeout` seconds were not enough.

        For serverless functions and processes that do not end normally. In a coroutine, make `await aflush()` the last
        step: LiteLLM reports asynchronous calls from tasks of the event loop, which must be able to run meanwhile, and
        `asyncio.run` cancels the tasks that are left when the coroutine returns.
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
        """Send what is queued, for at most `exit_seconds`. Called when the program ends."""
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
        if self._waiting():
            logger.error("logsui: %d events are lost, the program ended while they were being sent", self._waiting())
        if self.dropped:
            logger.warning("logsui: %d events were dropped in total", self.dropped)
        if lost := len(self._open_calls):
            # `asyncio.run` ends by cancelling the tasks in which LiteLLM reports the last calls.
            logger.warning("logsui: LiteLLM did not report %d calls; end coroutines with `await aflush()`", lost)


def payload_of(kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """A copy of LiteLLM's payload, with the caller's metadata where a proxy puts it. None for a chunk of a stream."""
    payload = kwargs.get("standard_logging_object")
    if not payload:
        return None
    metadata = dict(payload.get("metadata") or {})
    if metadata.get("requester_metadata") is None:
        metadata["requester_metadata"] = callers_metadata(kwargs.get("litellm_params") or {})
    return {**payload, "metadata": metadata}


def callers_metadata(litellm_params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `metadata` that the caller passed to the SDK, without the keys that LiteLLM added to it."""
    if litellm_params.get("proxy_server_request"):
        return None  # In a proxy, this dictionary belongs to the proxy and holds keys and budgets.
    given = {**(litellm_params.get("litellm_metadata") or {}), **(litellm_params.get("metadata") or {})}
    added = ROUTER_KEYS if "model_group" in given and "model_info" in given else frozenset()
    return {
        str(name): value
        for name, value in given.items()
        if name not in added and name != "hidden_params" and not str(name).startswith(("_", "user_api_key"))
    } or None


def to_json(payload: Mapping[str, Any]) -> bytes:
    """A payload as ASCII JSON, whatever the caller put into it."""
    try:
        return json.dumps(payload, default=plain).encode("ascii")
    except Exception:  # keys that are no text, circular references, extreme depth, objects without a text
        return json.dumps(plain_tree(payload, ())).encode("ascii")


def plain(value: Any) -> Any:
    """A value that JSON cannot hold: a pydantic model as its fields, a set as a list, anything else as its text."""
    if callable(dump := getattr(value, "model_dump", None)) and not isinstance(value, type):
        return dump()
    return list(value) if isinstance(value, (set, frozenset)) else str(value)


def plain_tree(value: Any, around: tuple[int, ...]) -> Any:
    """A copy that JSON can hold, with LiteLLM's marks where it is cut. `around`: ids of the containers around it."""
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
    """Remember a key, up to ten thousand of them. False when it is known already."""
    if key in known:
        return False
    known[key] = None
    if len(known) > REMEMBERED_EVENTS:
        known.popitem(last=False)
    return True


def retry_delay_seconds(attempt: int) -> float:
    """0.25, 0.5, 1, … 15 seconds, shortened at random by up to a quarter, so that processes do not retry together."""
    return min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(attempt, 16)) * random.uniform(0.75, 1.0)


instance = LogsuiCallback()
