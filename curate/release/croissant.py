"""croissant.json: the dataset as MLCommons Croissant 1.1 metadata (JSON-LD)."""

from collections.abc import Mapping
from typing import Any

from curate.release.tables import Tables
from slateboard.records.release import ReleasedClip

TABLES = ("clips.csv", "effects.csv", "sources.csv", "originals.csv")
"""Tables that are named as file objects, each with its hash."""

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "wd": "https://www.wikidata.org/wiki/",
}
_TYPES = {int: "sc:Integer", float: "sc:Float"}
_SPLIT_OF_DATA = "wd:Q3985153"
"""Wikidata: training, validation and test sets; the type by which Croissant knows a split."""


def croissant(tables: Tables, *, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata of a release; `files` maps the tables and splits that it names to their SHA-256."""
    record = tables.release
    splits = [name for name in files if name.endswith("parts.parquet")]
    sounds = "clips of actions" if not record.classes else f"clips of {len(record.classes)} actions"
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": record.name,
        "description": f"{record.title or record.name}: {record.clips} {sounds}.",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "license": record.licence or "See LICENSE-NOTES.md",
        "version": f"{record.version.removeprefix('v')}.0.0",
        "citeAs": f"{record.title or record.name}, version {record.version}, {record.dataset_sha256}",
        "distribution": [*(_file(name, digest) for name, digest in files.items()), _VIDEOS],
        "recordSet": [_parts(), _clips(), *(_split(name) for name in splits)],
    }


_VIDEOS = {
    "@type": "cr:FileSet",
    "@id": "videos",
    "name": "videos",
    "description": "One H.264 file a clip; its SHA-256 is the column sha256 of clips.csv.",
    "encodingFormat": "video/mp4",
    "includes": "videos/*/*.mp4",
}


def _file(name: str, digest: str) -> dict[str, Any]:
    encoding = "application/x-parquet" if name.endswith(".parquet") else "text/csv"
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": encoding,
        "sha256": digest,
    }


def _clips() -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"clips/{name}",
            "name": name,
            "description": (field.description or name).partition("\n")[0],
            "dataType": _TYPES.get(field.annotation, "sc:Text"),  # type: ignore[arg-type]
            "source": {"fileObject": {"@id": "clips.csv"}, "extract": {"column": name}},
        }
        # The columns of clips.csv are the fields of the record, so that a new one is described here by itself.
        for name, field in ReleasedClip.model_fields.items()
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "clips",
        "name": "clips",
        "description": "One record a clip.",
        "key": {"@id": "clips/clip_id"},
        "field": fields,
    }


def _parts() -> dict[str, Any]:
    """Return the names of the parts, which the splits refer to."""
    name = {"@type": "cr:Field", "@id": "parts/name", "name": "name", "dataType": "sc:Text"}
    return {
        "@type": "cr:RecordSet",
        "@id": "parts",
        "name": "parts",
        "description": "What a split divides clips into.",
        "dataType": _SPLIT_OF_DATA,
        "key": {"@id": "parts/name"},
        "field": [name],
        "data": [{"parts/name": subset} for subset in ("train", "test", "unused")],
    }


def _split(file: str) -> dict[str, Any]:
    name = file.removesuffix("/parts.parquet").removeprefix("splits/").replace("/", "-")

    # Croissant's references join record sets: a split's clip_id refers to clips/clip_id, its part to parts/name.
    def column(of: str, to: str) -> dict[str, Any]:
        return {
            "@type": "cr:Field",
            "@id": f"{name}/{of}",
            "name": of,
            "dataType": "sc:Text",
            "source": {"fileObject": {"@id": file}, "extract": {"column": of}},
            "references": {"field": {"@id": to}},
        }

    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"Which part of split {name} each clip is in.",
        "key": {"@id": f"{name}/clip_id"},
        "field": [column("clip_id", "clips/clip_id"), column("part", "parts/name")],
    }
