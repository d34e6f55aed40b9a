"""XML written element by element, in the order in which a schema wants it; what is empty is left out."""

from collections.abc import Mapping
from xml.etree import ElementTree

Element = ElementTree.Element


class XmlWriter:
    """Writes elements named ``prefix:Name``; ``namespaces`` are their addresses by prefix."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._namespaces = namespaces

    def root(self, name: str) -> Element:
        """The document's element; it names all prefixes itself."""
        root = Element(name)
        for prefix, address in self._namespaces.items():
            root.set(f"xmlns:{prefix}" if prefix else "xmlns", address)
        return root

    def inside(self, parent: Element, path: str) -> Element:
        """A new element in ``parent``, or one in the other where several names are parted by ``/``."""
        for name in path.split("/"):
            parent = ElementTree.SubElement(parent, name)
        return parent

    def text(self, parent: Element, path: str, value: str | None, **attributes: str) -> None:
        """An element with a text and attributes; nothing where there is no text."""
        if value:
            element = self.inside(parent, path)
            element.text = value
            for name, said in attributes.items():
                element.set(name, said)


def written(root: Element) -> str:
    """The document's text, indented."""
    ElementTree.indent(root)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{ElementTree.tostring(root, encoding='unicode')}\n"
