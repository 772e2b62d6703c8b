"""A session of labelling a folder: all that it needs, started and stopped together."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

from captchascope.decode import ReadOptions
from captchascope.errors import CaptchascopeError, DatasetError, OutputError, UsageError
from captchascope.files import printable
from captchascope.reader import Reader, load, model_names, model_path
from captchascope.web.label.csvsync import CsvSync
from captchascope.web.label.images import files_of
from captchascope.web.label.learning import (
    OWN_MODEL,
    Guesses,
    Retrainer,
    training_command,
)
from captchascope.web.label.schema import DATABASE
from captchascope.web.label.store import Store
from captchascope.web.label.texts import Texts, texts_of_images, texts_of_labels
from captchascope.web.settings import LabelSettings

_TICK, _LOOK = 1.0, 5.0  # seconds
_LATELY = 50  # labels

_CHARSET, _LENGTH = "charset", "length"  # what people have said of the texts on the page


class LabelSession:
    """A folder that is being labelled: its store, the guesses of a model, and its training.

    Attributes:
        texts: What the guesses are told of the texts.
    """

    def __init__(
        self,
        settings: LabelSettings,
        told: Callable[[str], object] = lambda line: None,
        trained: Callable[[Reader], object] = lambda reader: None,
        *,
        tick: float = _TICK,
        look: float = _LOOK,
    ) -> None:
        """Open the store of a folder, and take in the labels that are there.

        Each ``tick`` seconds it does what is to be done; each ``look`` it looks for other images,
        which takes longer.

        Args:
            settings: What is labelled, and how.
            told: Called with a line on each training that has ended, and the model before any.
            trained: Called with each model that was trained here, also before.
            tick: Seconds.
            look: Seconds.
        Raises:
            DatasetError: If the folder has no images, or its labels cannot be understood.
            OutputError: If the store cannot be written, or another process has it.
        """
        self.settings = settings
        self._files = files_of(settings.folder)
        self.store = Store(settings.folder, settings.overlap)
        try:
            self.store.set_present(self._files)
            self._csv = CsvSync(self.store)
            self._csv.begin(settings.labels_from, settings.labels_as)
        except BaseException:
            self.store.close()
            raise
        self.guesses = Guesses(self.store)
        self._told, self._trained = told, trained
        self._born = secrets.token_hex(8)
        self._using = threading.Lock()  # held while the reader or what it is told changes
        self._reader: Reader | None = None
        self._options = self._known_before()
        self._suggested: Texts | None = None
        self._suggested_at = -1  # of the store's time
        command = training_command(settings.folder, settings.limit, settings.options)
        self.retrainer = Retrainer(
            self.store, settings.retrain, command, self._use_trained, settings.providers
        )
        self._tick, self._rest = tick, look
        self._looked = time.monotonic()
        self._trouble: dict[str, str] = {}
        self._lost: OutputError | None = None  # while the store is not where it was
        self._kept: Path | None = None  # the file of the labels then
        self._ended = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)

    def begin(self) -> None:
        """Begin to guess, and to keep everything up to date.

        Raises:
            ModelError: If the model that was asked for cannot be used.
            UsageError: If it can never guess what is known of the texts.
        """
        if self.settings.model is not None:
            reader = load(self.settings.model, providers=self.settings.providers)
            reader.with_options(self._options)
            self._guess_with(reader)
        self.guesses.begin()
        self._upkeep.start()

    def end(self) -> None:
        """Stop, with ``labels.csv`` up to date.

        Raises:
            CaptchascopeError: If it cannot be written; it says where the labels are.
        """
        self._ended.set()
        if self._upkeep.is_alive():
            self._upkeep.join()
        self.guesses.end()
        self.retrainer.end()
        try:
            self._check()
            try:
                self._csv.follow()
            except CaptchascopeError as error:
                what = f"{error.what}; all labels are in {DATABASE}"
                raise OutputError(error.where, what, f"{error.remedy}, and label again") from error
        finally:
            self.store.close()

    def _check(self) -> None:
        """Check that the store is where it was; where it is not, save the labels, and say so.

        Raises:
            OutputError: With what has become of the store, and where the labels are.
        """
        try:
            self.store.check()
            self._lost = self._kept = None
        except OutputError as error:
            if self._lost is None or self._kept is None or not self._kept.exists():
                before, self._lost = self._lost, self._rescued(error)
                if str(before) != str(self._lost):
                    self._told(str(self._lost))
            raise self._lost from error

    def _rescued(self, error: OutputError) -> OutputError:
        """Return an error with what came of saving the labels."""
        self._kept = None
        try:
            self._kept = self._csv.rescue()
        except CaptchascopeError as failed:
            kept = f"its labels could be written nowhere: {failed.where} {failed.what}"
        else:
            where = self._kept and f"its labels are in {printable(self._kept)}"
            kept = where or "nothing was labelled yet"
        return OutputError(error.where, f"{error.what}; {kept}", error.remedy)

    def progress(self, session: str) -> dict[str, object]:
        """Return how labelling goes, as the tab of that name sees it and its script takes it."""
        counts = self.store.counts()
        seconds = self.store.seconds(session, _LATELY)
        expected = self.retrainer.expected()
        begun, news = self.retrainer.begun, self.retrainer.news  # before what they tell of: the
        # other order would say the news of a model beside the name of the one before it
        troubles = (*self._trouble.values(), self.guesses.trouble, self.retrainer.trouble)
        return {
            "total": counts.total(),
            "labelled": counts["labelled"],
            "unreadable": counts["unreadable"],
            "disputed": counts["disputed"],
            "left": counts["open"],
            "seconds": median(seconds) if seconds else None,  # for one of its last labels
            "expected": None if expected is None else expected.value,  # the share of guesses right
            "counted": 0 if expected is None else expected.total,  # of how many
            "model": self.model_token(self.guesses.model),
            "guesser": "" if self._reader is None else _called(self._reader),
            "texts": asdict(self.texts),
            "suggested": self._suggestion(),
            "training": None if begun is None else int(time.monotonic() - begun),  # seconds so far
            "news": news,
            "trouble": [text for text in troubles if text],
        }

    def model_token(self, number: int) -> str:
        """Return what a page calls a model in use, which no other server calls one of its own."""
        return f"{self._born}-{number}"

    @property
    def texts(self) -> Texts:
        """What the guesses are told of the texts."""
        return Texts(self._options.charset or "", str(self._options.length or ""))

    def tell(self, charset: str, length: str) -> None:
        """Tell the guesses which characters the texts have, and how long they are; "" for any.

        It is kept with the folder, and everything is read again.

        Raises:
            UsageError: If either is malformed, or the model can never read such a text.
            OutputError: If it cannot be kept.
        """
        options = replace(self._options, charset=charset or None, length=length or None)
        with self._using:
            told = None if self._reader is None else self._reader.with_options(options)
            self.store.set_facts({_CHARSET: charset, _LENGTH: length})
            self._options = options
            if told is not None:
                self.guesses.use(told)

    def _known_before(self) -> ReadOptions:
        """Return what the command line says of the texts, or else what a page has said before."""
        told, facts = self.settings.options, self.store.facts
        if told.charset is None and told.length is None and told.pattern is None:
            with suppress(UsageError):
                before = facts.get(_CHARSET) or None, facts.get(_LENGTH) or None
                return replace(told, charset=before[0], length=before[1])
        return told

    def _suggestion(self) -> dict[str, str] | None:
        """Return what labels or images tell of the texts, where the guesses are told otherwise."""
        found = self._suggested
        same = found is None or replace(found, why="") == self.texts
        return None if found is None or same or self._options.pattern else asdict(found)

    def _suggest(self) -> None:
        """Look at the labels where there are new ones."""
        if self.store.seq != self._suggested_at:
            self._suggested_at = self.store.seq
            self._suggested = texts_of_labels(self.store.texts()) or self._suggested

    def _infer(self) -> None:
        """Look at the images before there are labels."""
        if (reader := self.guesses.reader) is not None:
            images = [self.store.folder / file for file in self._files]
            self._suggested = texts_of_images(reader, images)

    def _keep_up(self) -> None:
        """Do what is to be done, now and then; nothing that goes wrong here stops labelling."""
        self._attempt("model", self._choose_model)
        self._attempt("texts", self._infer)
        while not self._ended.wait(self._tick):
            self._attempt("store", self._check)
            self._attempt("images", self._look)
            self._attempt("labels.csv", self._csv.follow)
            self._attempt("model", self._learn)
            self._attempt("texts", self._suggest)

    def _attempt(self, name: str, step: Callable[[], None]) -> None:
        try:
            step()
            self._trouble.pop(name, None)
        except CaptchascopeError as error:
            self._trouble[name] = str(error)
        except Exception as error:
            self._trouble[name] = f"{name}: {type(error).__name__}: {error}"

    def _look(self) -> None:
        """See whether there are other images now."""
        if time.monotonic() - self._looked < self._rest:
            return
        self._looked = time.monotonic()
        try:
            self._set_present(files_of(self.store.folder))
        except DatasetError:
            if self.store.folder.is_dir():  # all are gone; a folder that is not there may come back
                self._set_present([])
            raise

    def _set_present(self, files: list[str]) -> None:
        if files != self._files:
            self.store.set_present(files)
            self._files = files

    def _choose_model(self) -> None:
        """Guess with the model that was trained here before, or else with the shipped one."""
        reader = None
        with suppress(CaptchascopeError):  # there is none, or a broken one: there is another
            reader = load(self.store.folder / OWN_MODEL, providers=self.settings.providers)
            self._trained(reader)
        if self._reader is None:
            self._guess_with(reader or load(providers=self.settings.providers))
        assert self._reader is not None
        self._told(f"guesses by {_called(self._reader)}")

    def _learn(self) -> None:
        """Train where it is time, and use the model that came of it."""
        before = self.retrainer.news
        self.retrainer.look()
        if self.retrainer.news != before:
            self._told(self.retrainer.news)

    def _use_trained(self, reader: Reader) -> None:
        self._guess_with(reader)
        self._trained(reader)

    def _guess_with(self, reader: Reader) -> None:
        """Guess with a model, and what is known of the texts if it can ever guess that."""
        with self._using:
            told = reader
            with suppress(UsageError):
                told = reader.with_options(self._options)
            self._reader = reader
            self.guesses.use(told)


def _called(reader: Reader) -> str:
    """Return the name of a shipped model, or the path of another."""
    name = reader.path.stem
    ships = name in model_names() and model_path(name) == reader.path
    return name if ships else printable(reader.path)
