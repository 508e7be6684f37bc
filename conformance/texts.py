"""The strings of the conformance set: written by hand where a rule has a corner, drawn with a fixed seed where not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from edgelm.samples import read_samples

ENGLISH = (
    "The battery died after three weeks.",
    "I'll say it's what they've done; he'd know, I'm sure, you're not, and we can't.",
    "DON'T SHOUT, don’t whisper.",
    "Unbelievable re-working of the well-known state-of-the-art film (1999), isn't it?",
    "Call +1 (555) 010-9999 or mail first.last+tag@example.org, see https://example.org/a?b=c&d=%20#e",
    "3.14 1,000,000 2,000.50 10% $5 €7 £8 50° 1/2 x² H₂O 10e-5 0x1F 1st 2nd",
    "def f(x): return x**2  # comment\n\tif x:\r\n\t\tpass",
    "naïve café résumé São Paulo Ångström Dvořák Łódź façade coöperate Zürich straße",
    "“Quotes” ‘single’ «guillemets» „low“ ``old'' ''old`` \"plain\" 'plain' `tick`",
    "ellipsis… dash – em—dash hyphen‐hyphen non‑breaking minus −1 bullet • · ×÷±",
    "word.word,word;word:word!word?word/word\\word|word_word-word+word=word*word&word^word~word#word@word$word%word",
    "a" * 99 + " " + "b" * 100 + " " + "c" * 101 + " d",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "the The THE tHe teh",
)
CHINESE = (
    "我爱北京天安门。",
    "今天天气很好，我们去公园吧！",
    "他说：“这部电影（2019年）不好看”，你觉得呢？",
    "中文English混排123测试。",
    "㐀㐁 𠀀𠀁 𪜀 豈更 ⼀⼁ 〇 々 〆",
    "東京タワーは高い。ひらがなカタカナ漢字ｶﾀｶﾅ",
    "한국어 텍스트입니다. 서울에서 만나요! 각갂갃",
    "上海自来水来自海上 ２０２４年１２月３１日 ＡＢＣａｂｃ",
)
OTHER_SCRIPTS = (
    "สวัสดีครับ ภาษาไทยไม่มีการเว้นวรรค กำลังน้ำ",
    "مرحبا بالعالم، كيف حالك؟ اَلْعَرَبِيَّةُ ١٢٣ لا إله",
    "नमस्ते दुनिया। हिन्दी में क्ष त्र ज्ञ श्री १२३ क़ख़ग़",
    "বাংলা ভাষা কো কৌ ড় ঢ় য়",
    "தமிழ் மொழி கொ கௌ",
    "తెలుగు ಕನ್ನಡ മലയാളം ක්‍රී ශ්‍රී",
    "བོད་སྐད་ ཀྵ གྷ",
    "ភាសាខ្មែរ កម្ពុជា",
    "မြန်မာဘာသာ",
    "שָׁלוֹם עולם בְּרֵאשִׁית שׁ שׂ אַ",
    "Ελληνικά ΟΔΟΣ ὈΔΥΣΣΕΎΣ ᾳ ᾼ ῼ ΐ ΰ ς σ Σ",
    "Русский язык Ёлка й Й ѝ Ѝ",
    "ქართული ᲥᲐᲠᲗᲣᲚᲘ Ⴀⴀ",
    "Հայերեն և ﬓ",
    "ᏣᎳᎩ ꭰꭱ Ꭰ",
    "አማርኛ ቋንቋ",
    "ᠮᠣᠩᠭᠣᠯ",
    "Tiếng Việt: một hai ba bốn năm sáu bảy tám chín mười ở ế ữ",
    "Azərbaycan dili, Oʻzbek, Қазақша",
)
TURKISH = (
    "İstanbul'da ılık bir gün: IĞDIR, iğdır, İİ ıı Iı iİ",
    "İ",
    "i̇",
    "İ̇",
    "Iİiı",
    "aİb",
    "Türkiye DİYARBAKIR diyarbakır",
    "Dž DŽ dž Lj LJ lj Nj NJ nj ẞ ß ŉ ǰ",
    "Į̇̀ i̇̀ J̇ j̇",
)
EMOJI = (
    "😀 😃😄 I ❤️ it ❤ ☺️☺",
    "👨‍👩‍👧‍👦 family 👩‍🚀 👩🏽‍🚀 🏳️‍🌈 🏴‍☠️ 👁️‍🗨️",
    "🇩🇪🇫🇷🇨🇳 🇩 🇩🇪🇫 🇺🇸a🇬🇧",
    "1️⃣ #️⃣ *⃣ 9⃣",
    "👍🏻👍🏼👍🏽👍🏾👍🏿 ✊🏿",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "🦙hello🦙 a🦙b 🫠 🩷",
    "‍😀 😀‍ 😀‍‍😀 ️a️",
    "⌚⏰☎✂✈✉✏✒©®™〰〽㊗㊙",
)
MARKS = (
    "e\u0301 E\u0301 \u0301e e \u0301",
    "a\u0308\u0304 a\u0304\u0308 \u1e7b\u0300",
    "q\u0307\u0323 q\u0323\u0307 \u1e0b\u0323 d\u0323\u0307",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "Å Å Å ñ ñ ﬁ ﬃ ſt ﬅ",
    "\u1100\u1161\u11a8 \u1100\u1161 \uac00\u11a8 \u1161\u11a8 가\u11a7 각\u11a8",
    "\u0958 \u0915\u093c \u2adc \ufb1f \u0f73 \u0f75 \u0f81",
    "\u0344 \u0340 \u0341 \u0343 \u0374 \u037e \u0387",
    "ﷺ ﷽ ㍿ ㌀ ㎏ ½ ⅓ Ⅷ ⑳ ㈱ ℡ № ℃ ™",
    "\u03d3 \u03d4 \u1e9b\u0323 \u017f\u0323\u0307",
    "a\u034fb a\u20ddb a\u0488b x\u20d7",
    "ｶﾞｷﾞﾊﾟ Ａ\u0308 ﾊ\u309a か\u3099 が",
    "\U0001d15e \U0001d1bb\U0001d165 \U0001109a \U000110ab \U00011131\U00011127",
    "\U0001d400\U0001d7ce \U0002f800 \uf900 \ufa0e",
)
SPACES = (
    "  two  spaces  ",
    "\ttab\tand\nnewline\r\nreturn\rend\n",
    "no\u00a0break\u2003em\u2009thin\u200ahair\u202fnarrow\u205fmath\u3000wide\u1680ogham",
    "line\u2028sep\u2029para\x0bvt\x0cff\x85nel\x1cfs\x1dgs\x1ers\x1fus",
    "zero\u200bwidth\u200cnon\u200djoin\u2060word\ufeffbom\u180emongol\u00adsoft",
    "   leading",
    "trailing   ",
    "a          b",
    " \u3000 a",
    "\n\n\na\n\n\n",
    " a  \u00a0 b\u2002 ",
    "▁under ▁▁lower ▁ a▁b",
)
CONTROLS = (
    "nul\x00inside",
    "\x00",
    "bell\x07back\x08esc\x1b[31mred\x7fdel",
    "\x01\x02\x03 \x0e\x0f \x80\x81\x9f",
    "bidi\u202aleft\u202e\u2066iso\u2069 \u200e\u200f\u061c",
    "fffc\ufffc fffd\ufffd fffe\ufffe ffff\uffff \ufdd0",
    "private \ue000\uf8ff\U000f0000\U0010fffd",
    "unassigned \u0378\u0530\u2065\U000e0080\U0001ffff\U0003fffe",
    "last \U0010ffff",
    "tags \U000e0001\U000e0041\U000e007f variation \ufe0f\U000e0100",
    "interlinear \ufff9a\ufffab\ufffb",
)
BLANK = ("", " ", "  \t\n", "\u3000", "\u00a0", "\x00", "\u200b", "\u0301", "\ufeff", "\x1c", "\x85", "▁")
"""Of these some are blank: the tokenizer alone answers all of them, as Hugging Face's does."""
SPECIALS = (
    "[CLS] hello [SEP]",
    "a [MASK] b",
    "a[MASK]b",
    "a  [MASK]  b",
    "[MASK][MASK] [MASK]",
    "[mask] [Mask] [MASK",
    "[UNK] [PAD] [UNK][PAD]",
    "<s> hello </s>",
    "the <mask> was good",
    "the  <mask>  was<mask>good <MASK>",
    "<pad><unk> <pad> x</s>y",
    "＜mask＞ ［MASK］",
    "[MASK]\u0301 <mask>\u0301 \u0301[MASK]",
    "|||IP_ADDRESS||| ||| IP_ADDRESS|||",
    "new-token NEW-TOKEN New-Token xnew-tokenx  new-token, new-token",
    "lefty lefty  lefty  alefty righty righty  righty  rightyb",
    "whole wholes awhole whole. (whole) whole_ _whole whole-whole 1whole whole1 éwhole 我whole whole我 whole\u0301",
    "北京 在北京的 ĀÉ āé ÀĀÉ straße STRASSE",
    "over overlap overlapping lapping",
    "<0x41> <0xE4> A",
)
LONE_SURROGATES = ("\ud800", "a\ud83d b", "\ude00", "\ude00\ud83d", "ok \udfff end", "\ud83d\ud83d\ude00")
"""No text in any encoding: a kit refuses them."""
LONG = (
    "a" * 10_000,
    "北" * 10_000,
    "ab1é-" * 2_000,
    "e\u0301" * 3_000,
    "word " * 3_000,
    "👨‍👩‍👧" * 500,
    " " * 5_000 + "x",
)
PAIRS = (
    ("who wrote it?", "It was written by Harper Lee in 1960."),
    ("天气怎么样？", "今天天气很好，我们去公园吧！"),
    ("a", "b"),
    (" leading", " leading too"),
    ("Q: [MASK]?", "A: <mask>."),
    ("café İ", "ﬁ Å ½"),
    ("one", "a much longer second text, of several words, with 1,000 numbers and signs - and so on"),
    ("a much longer first text, of several words, with 1,000 numbers and signs - and so on", "two"),
    ("👩🏽‍🚀", "🇩🇪"),
    ("word " * 40, "другой " * 40),
    ("x", " "),
    ("", "y"),
)
_POOLS: tuple[Sequence[str], ...] = (
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "0123456789٣४五",
    " \t\n\r\u00a0\u3000\u2003",
    ".,;:!?'\"-_()[]{}<>/\\|@#$%^&*+=~`",
    "，。！？：；“”‘’（）【】《》、·…—",
    "我你他爱北京上海中国天气很好不喜欢电影在是的了吗龍龜",
    "éèêëàâäáåãñõöøßœæçİıŁłŠšŽž",
    "\u0300\u0301\u0302\u0303\u0308\u0323\u0327\u0331\u0345\u05b0\u064b\u093c\u094d\u0e38\u3099\u20d0",
    "αβγδεζηθΑΒΓΔΣσς абвгдеёжзийАБВГДЕЁ",
    "가나다라각간\u1100\u1161\u11a8\u3131",
    "あいうえおアイウエオｱｲｳﾞﾟー",
    "ＡＢＣａｂｃ１２３！？",
    "ﬁﬂ½²³¹Ⅳⅷⓐㄱ㈠㎏℃№™©",
    "\u200b\u200c\u200d\u200e\ufeff\u00ad\ufe0f\u2060\u0000\u0007\ufffd",
    "नमस्तेक्षिख़ไทยกำน้ำعربيةلاשלום",
    ("😀", "👍🏽", "👩‍🚀", "🇩🇪", "❤️", "1️⃣", "🏳️‍🌈", "🦙"),
    ("the", " the", "ing", " movie", "good", "'s", "n't", " 北京", "[MASK]", "<mask>", "▁", "##a"),
)


def handmade() -> list[str]:
    """Every text written by hand, and edgelm's own bilingual sample."""
    sample = [part for text in read_samples(None) for part in ((text,) if isinstance(text, str) else text)]
    lists = (ENGLISH, CHINESE, OTHER_SCRIPTS, TURKISH, EMOJI, MARKS, SPACES, CONTROLS, BLANK, SPECIALS)
    return list(dict.fromkeys([*(text for texts in lists for text in texts), *sample]))


def drawn(count: int, seed: int) -> list[str]:
    """Random texts of one to forty characters or clusters, most from one or two pools at a time."""
    rng = random.Random(seed)
    return [_drawn(rng) for _ in range(count)]


def _drawn(rng: random.Random) -> str:
    pools = rng.choices(_POOLS, k=rng.choice((1, 2, 2, 3, 6)))
    length = rng.choice((1, 2, 3, 5, 8, 13, 21, 40))
    parts = (rng.choice(rng.choice(pools)) if rng.random() < 0.85 else " " for _ in range(length))
    return "".join(parts)


def code_points() -> Iterator[str]:
    """Every code point of the first two planes and a few of the others, 64 to a text; no surrogates."""
    chosen = [*range(0xD800), *range(0xE000, 0x20000), *range(0x20000, 0x110000, 61)]
    for start in range(0, len(chosen), 64):
        yield "".join(map(chr, chosen[start : start + 64]))


def in_words(count: int, seed: int) -> list[str]:
    """Single code points from everywhere, each inside a word, alone, and behind a space."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        code = rng.choice((rng.randrange(0x20, 0x3000), rng.randrange(0x20, 0xD800), rng.randrange(0xE000, 0x20000)))
        found.append(f"a{chr(code)}b {chr(code)} {chr(code)}{chr(code)}c")
    return found
