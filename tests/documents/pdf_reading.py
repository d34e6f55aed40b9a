"""What a PDF says, read by a library of its own."""

import pypdfium2


def pages_of(content: bytes) -> list[str]:
    """The text of each page, its breaks as spaces, without signs that take no room."""
    document = pypdfium2.PdfDocument(content)
    try:
        found = []
        for place in range(len(document)):
            page = document[place]
            text_page = page.get_textpage()
            found.append(" ".join(text_page.get_text_range().replace("\u200b", "").split()))
            text_page.close()
            page.close()
        return found
    finally:
        document.close()


def attachments_of(content: bytes) -> dict[str, bytes]:
    """The files that a PDF has inside, by name."""
    document = pypdfium2.PdfDocument(content)
    try:
        attached = [document.get_attachment(place) for place in range(document.count_attachments())]
        return {one.get_name(): bytes(one.get_data()) for one in attached}
    finally:
        document.close()
