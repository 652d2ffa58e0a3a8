# Runs in the box: makes a PDF of a page, a drawing or a text. Nothing is fetched, whatever the document names.
import html
import os
import sys

from weasyprint import CSS, HTML, default_url_fetcher


def fetch_nothing(url, timeout=10, ssl_context=None):
    if url.startswith("data:"):
        return default_url_fetcher(url)
    raise ValueError("not fetched")


def decode(data, charset):
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


FONTS = "'Noto Sans', 'DejaVu Sans', 'Noto Sans Arabic', 'Noto Sans Hebrew', 'Noto Sans Thai', sans-serif"
PAPER = "@page { size: A4; margin: 15mm }"
TEXT = PAPER + "pre { white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 8; margin: 0;" \
    "font: 10pt/1.3 'Noto Sans Mono', 'DejaVu Sans Mono', " + FONTS + "}"
DRAWING = PAPER + "img { display: block; max-width: 100%; max-height: 265mm; margin: auto }"

kind, charset = sys.argv[1], sys.argv[2]
with open(os.environ["IN"], "rb") as file:
    data = file.read()

if kind == "text":
    text = decode(data, charset).lstrip("\ufeff").replace("\x00", "")
    pages = text.replace("\r\n", "\n").split("\f")
    last = len(pages) - 1
    body = "".join(
        '<pre dir="auto"%s>%s</pre>' % ("" if at == last else ' style="break-after: page"', html.escape(page))
        for at, page in enumerate(pages)
    )
    source, sheets = body, [CSS(string=TEXT)]
elif kind == "drawing":
    import base64

    image = base64.b64encode(data).decode("ascii")
    source, sheets = '<img src="data:image/svg+xml;base64,%s">' % image, [CSS(string=DRAWING)]
else:
    source, sheets = decode(data, charset), [CSS(string=PAPER + "html { font-family: " + FONTS + " }")]

document = HTML(string=source, url_fetcher=fetch_nothing, base_url="https://nowhere.invalid/")
document.write_pdf(os.path.join(os.environ["OUT"], "made.pdf"), stylesheets=sheets)
