"""One reply, put together by one provider or several."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from adapters.models.candidates import Offer
from adapters.models.failures import ModelNotServed, RequestRefused
from application.ports.chat_model import ModelChunk, ModelFailed, ModelInfo, ModelRequest, ProviderSwitched


class Patchwork:
    """Keeps the text so far for whoever goes on with it.

    The text of a lost provider stands until the next one has something to say: a provider that fails before its first text
    takes nothing away.
    """

    def __init__(self, request: ModelRequest) -> None:
        self._request = request
        self._text = [request.beginning] if request.beginning else []
        self._spoken = self._prepaid = False

    async def add_from(self, offer: Offer) -> AsyncGenerator[ModelChunk, None]:
        """Stream what the provider adds, after the word that it took over; its breaker hears how the whole of it went."""
        request, switch = self._request_to(offer.info)
        try:
            async with aclosing(offer.provider.model.stream(request)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    if switch is not None:
                        yield self._noted(switch)
                        switch = None
                    yield self._noted(chunk)
        except (RequestRefused, ModelNotServed):
            raise
        except ModelFailed:
            offer.provider.breaker.failed()
            raise
        offer.provider.breaker.succeeded()
        if switch is not None:
            yield self._noted(switch)

    def goes_on_at(self, offer: Offer) -> bool:
        """Return whether this provider is given a beginning."""
        return bool(offer.info.continues and self._text)

    def take_prepaid(self) -> bool:
        """Return True once after the first text came: whoever began the reply carries its load no longer when it is lost."""
        prepaid, self._prepaid = self._prepaid, False
        return prepaid

    def _request_to(self, info: ModelInfo) -> tuple[ModelRequest, ProviderSwitched | None]:
        """Return what to ask and what to say before the answer; nothing is said where no text is touched."""
        beginning = "".join(self._text)
        asked = replace(self._request, model=info.name, beginning=beginning if info.continues else "")
        touched = bool(beginning) and (self._spoken or not info.continues)
        return asked, ProviderSwitched(keep=info.continues) if touched else None

    def _noted(self, chunk: ModelChunk) -> ModelChunk:
        if isinstance(chunk, str):
            self._text.append(chunk)
            if not self._spoken:
                self._spoken = self._prepaid = True
        elif isinstance(chunk, ProviderSwitched) and not chunk.keep:
            self._text.clear()
        return chunk
