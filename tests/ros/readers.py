"""Readers of recordings that are not ours, for what `late_fusion record` wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import NonSeekingReader, SeekingReader
from mcap_ros2.decoder import DecoderFactory
from rosbags.rosbag2 import Reader as RosbagsReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore


def same(ours: Any, theirs: Any) -> bool:
    """Whether a message of rclpy and one of another reader hold the same values."""
    if hasattr(ours, "get_fields_and_field_types"):
        names = ours.get_fields_and_field_types()
        return all(same(getattr(ours, name), getattr(theirs, name)) for name in names)
    if isinstance(ours, str | int | float):
        return ours == theirs
    if len(ours) > 0 and hasattr(ours[0], "get_fields_and_field_types"):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return list(ours) == list(theirs)


def read_with_mcap(path: Path, types: dict[str, str]) -> dict[str, list]:
    """Messages by topic, decoded by `mcap-ros2-support` with the definitions in the file and nothing else; the topics
    that `types` names have its types."""
    read: dict[str, list] = {}
    with path.open("rb") as stream:
        reader = SeekingReader(stream, decoder_factories=[DecoderFactory()], validate_crcs=True)
        assert reader.get_header().profile == "ros2"
        for schema, channel, _, message in reader.iter_decoded_messages(log_time_order=False):
            assert schema and (schema.encoding, channel.message_encoding) == ("ros2msg", "cdr")
            assert schema.name == types.get(channel.topic, schema.name)
            read.setdefault(channel.topic, []).append(message)
    return read


def read_with_rosbags(path: Path) -> dict[str, list]:
    """The same by `rosbags`, with types made from the definitions in the file."""
    read: dict[str, list] = {}
    store = get_typestore(Stores.EMPTY)
    with RosbagsReader(path) as reader:
        for connection in reader.connections:
            store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        for connection, _, data in reader.messages():
            read.setdefault(connection.topic, []).append(store.deserialize_cdr(data, connection.msgtype))
    return read


def read_what_is_whole(path: Path) -> Iterator[tuple[str, int, bytes]]:
    """Topic, log time and bytes of everything in a file that may have been cut off, by the `mcap` package."""
    with path.open("rb") as stream:
        messages = NonSeekingReader(stream).iter_messages(log_time_order=False)
        try:
            for _, channel, message in messages:
                yield channel.topic, message.log_time, message.data
        except (McapError, EOFError, ValueError, RuntimeError):
            return
