"""croissant.json: the dataset as MLCommons Croissant 1.0 metadata (JSON-LD)."""

from typing import Any

from slateboard.records.release import Release, ReleasedClip

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {int: "sc:Integer", float: "sc:Float"}


def croissant(release: Release, *, clips_sha256: str) -> dict[str, Any]:
    """Return the metadata of a release whose clips.csv has this hash."""
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"clips/{name}",
            "name": f"clips/{name}",
            "description": (field.description or name).partition("\n")[0],
            "dataType": _TYPES.get(field.annotation, "sc:Text"),  # type: ignore[arg-type]
            "source": {"fileObject": {"@id": "clips.csv"}, "extract": {"column": name}},
        }
        for name, field in ReleasedClip.model_fields.items()
    ]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": release.name,
        "description": f"{release.title or release.name}: {release.clips} clips of {len(release.classes)} actions.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": release.licence or "See LICENSE-NOTES.md",
        "version": f"{release.version.removeprefix('v')}.0.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "clips.csv",
                "name": "clips.csv",
                "contentUrl": "clips.csv",
                "encodingFormat": "text/csv",
                "sha256": clips_sha256,
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "clips", "name": "clips", "field": fields}],
    }
