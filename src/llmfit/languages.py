"""What languages are called in English and Korean, by their ISO 639-1 codes, and which code stands for which."""

from collections.abc import Collection

NAMES = {
    "af": ("afrikaans", "아프리칸스어"),
    "ar": ("arabic", "아랍어"),
    "az": ("azerbaijani", "아제르바이잔어"),
    "be": ("belarusian", "벨라루스어"),
    "bg": ("bulgarian", "불가리아어"),
    "bn": ("bengali", "벵골어"),
    "bs": ("bosnian", "보스니아어"),
    "ca": ("catalan", "카탈루냐어"),
    "cs": ("czech", "체코어"),
    "cy": ("welsh", "웨일스어"),
    "da": ("danish", "덴마크어"),
    "de": ("german", "독일어"),
    "el": ("greek", "그리스어"),
    "en": ("english", "영어"),
    "es": ("spanish", "스페인어"),
    "et": ("estonian", "에스토니아어"),
    "eu": ("basque", "바스크어"),
    "fa": ("persian", "페르시아어"),
    "fi": ("finnish", "핀란드어"),
    "fr": ("french", "프랑스어"),
    "ga": ("irish", "아일랜드어"),
    "gl": ("galician", "갈리시아어"),
    "gu": ("gujarati", "구자라트어"),
    "he": ("hebrew", "히브리어"),
    "hi": ("hindi", "힌디어"),
    "hr": ("croatian", "크로아티아어"),
    "hu": ("hungarian", "헝가리어"),
    "hy": ("armenian", "아르메니아어"),
    "id": ("indonesian", "인도네시아어"),
    "is": ("icelandic", "아이슬란드어"),
    "it": ("italian", "이탈리아어"),
    "ja": ("japanese", "일본어"),
    "ka": ("georgian", "조지아어"),
    "kk": ("kazakh", "카자흐어"),
    "km": ("khmer", "크메르어"),
    "kn": ("kannada", "칸나다어"),
    "ko": ("korean", "한국어"),
    "lo": ("lao", "라오어"),
    "lt": ("lithuanian", "리투아니아어"),
    "lv": ("latvian", "라트비아어"),
    "mk": ("macedonian", "마케도니아어"),
    "ml": ("malayalam", "말라얄람어"),
    "mn": ("mongolian", "몽골어"),
    "mr": ("marathi", "마라티어"),
    "ms": ("malay", "말레이어"),
    "mt": ("maltese", "몰타어"),
    "my": ("burmese", "미얀마어"),
    "nb": ("bokmål", "보크몰"),
    "ne": ("nepali", "네팔어"),
    "nl": ("dutch", "네덜란드어"),
    "nn": ("nynorsk", "뉘노르스크"),
    "no": ("norwegian", "노르웨이어"),
    "pa": ("punjabi", "펀자브어"),
    "pl": ("polish", "폴란드어"),
    "pt": ("portuguese", "포르투갈어"),
    "ro": ("romanian", "루마니아어"),
    "ru": ("russian", "러시아어"),
    "si": ("sinhala", "싱할라어"),
    "sk": ("slovak", "슬로바키아어"),
    "sl": ("slovenian", "슬로베니아어"),
    "sq": ("albanian", "알바니아어"),
    "sr": ("serbian", "세르비아어"),
    "sv": ("swedish", "스웨덴어"),
    "sw": ("swahili", "스와힐리어"),
    "ta": ("tamil", "타밀어"),
    "te": ("telugu", "텔루구어"),
    "th": ("thai", "태국어"),
    "tl": ("tagalog", "타갈로그어"),
    "tr": ("turkish", "튀르키예어"),
    "uk": ("ukrainian", "우크라이나어"),
    "ur": ("urdu", "우르두어"),
    "uz": ("uzbek", "우즈베크어"),
    "vi": ("vietnamese", "베트남어"),
    "zh": ("chinese", "중국어"),
}
CODES = {name: code for code, names in NAMES.items() for name in names} | {
    "mandarin": "zh",
    "farsi": "fa",
    "filipino": "tl",
    "slovene": "sl",
    "castilian": "es",
    "brazilian": "pt",
    "튀르키예말": "tr",
    "터키어": "tr",
    "우리말": "ko",
    "한국말": "ko",
    "한글": "ko",
}
"""Codes by name, in lower case; further names of some languages among them."""
OLD_CODES = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "fil": "tl", "cmn": "zh"}
"""Codes that ISO 639 has withdrawn, and longer codes of a language that has a shorter one here."""
STANDS_FOR = {"nb": ("no",), "no": ("nb",)}
"""What a model may claim instead of a code, which people write for the same thing.

`no` is Norwegian without saying which of its two written forms; Bokmål (`nb`) is what most of its speakers write and
most of its texts are in, so that either claim answers for the other. Nynorsk (`nn`) is answered by itself
alone. Malay and Indonesian, and Bosnian, Croatian and Serbian, are languages of their own for those who ask. Chinese
(`zh`) covers both scripts: no model claims one of them by its code.
"""


def claims(languages: Collection[str], code: str) -> bool:
    """Whether a model that claims these languages claims this one, by its own code or one that stands for it."""
    return code in languages or any(other in languages for other in STANDS_FOR.get(code, ()))


def code_of(word: str) -> str:
    """Return the code of a language by its name, an older code, or a tag with script or country such as `zh-Hans`."""
    asked = word.strip().casefold()
    if (code := CODES.get(asked)) is not None:
        return code
    code, *details = asked.replace("_", "-").split("-")
    if not all(len(part) in {2, 3, 4} and part.isalnum() for part in details):
        return asked
    return OLD_CODES.get(code, code)
