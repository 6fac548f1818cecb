"""Every text is translated, and nothing else stands in the catalog."""

import re

from web import locales


def test_every_text_has_an_english_translation() -> None:
    catalog = locales.translated()
    catalog.update(locales.texts(), no_fuzzy_matching=True)
    assert locales.untranslated(catalog) == [], "run `python -m web.locales` and fill in what is new"


def test_no_translation_is_left_over() -> None:
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in locales.texts()}
    kept = {message.id if isinstance(message.id, str) else message.id[0] for message in locales.translated()}
    assert sorted(kept - known) == []


def test_translations_fill_in_the_same_values() -> None:
    wrong = []
    for message in locales.translated():
        if not message.id:
            continue
        originals = (message.id,) if isinstance(message.id, str) else message.id
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        names = {name for text in originals for name in re.findall(r"%\((\w+)\)s", text)}
        wrong += [text for text in forms if not set(re.findall(r"%\((\w+)\)s", str(text))) <= names]
    assert wrong == []
