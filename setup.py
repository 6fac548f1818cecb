"""With HEMMAPLAN_COMPILE=1 the way of a packet is built as machine code by mypyc; else every module stays as it is.

The modules are those that are called for each packet, or each tick of each participant, and what inherits from them or
they are put together from.
"""

import os

from setuptools import setup

EACH_PACKET = """
    arrived bandwidth bandwidth_delay bandwidth_history bandwidth_rate codecs data_channels datagrams down_track
    dtls layer_choice numbering outlet pacer packet_cache peer reception red repair route rtcp rtp sources
    spatial_choice srtp_streams svc transport twcc udp_port up_layer up_track uplink
"""

if os.environ.get("HEMMAPLAN_COMPILE") == "1":
    from mypyc.build import mypycify

    # In one C file, functions of different modules call each other directly.
    setup(ext_modules=mypycify([f"sfu/{name}.py" for name in EACH_PACKET.split()], opt_level="2", debug_level="0"))
else:
    setup()
