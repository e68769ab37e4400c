"""Words that stand for a hash, for two people to compare by reading them to each other.

- The list has 256 words, one for each value of a byte. No two of them begin with the same three letters, and none can
  be turned into another by changing, adding or leaving out fewer than three letters.
- The list and its order are part of the protocol: two versions that differed would show different words.
"""

from __future__ import annotations

from hashlib import blake2b

_LIST = """
    acorn adult agent album almond alpine anchor anvil apple apron aspen atlas attic autumn avocado badge bamboo
    barrel basket beacon bison blizzard blossom bonfire branch butterfly cactus canyon carpet castle chalk cheetah
    chimney cinema citrus clarinet clover cobweb coconut coffee comet cotton cradle cricket crystal cucumber
    cupboard cushion cyclone dagger daisy denim desert diamond doctor dolphin dragon drizzle drum duckling dynamo
    eagle easel echo eclipse elbow eleven ember emerald emperor engine envoy eyebrow fabric falcon feather ferry
    fiesta flamingo fossil fountain freckle frost fungus gallop garlic gazelle giant giraffe glacier gorilla grape
    grotto guitar hamster hedgehog hippo horizon husky hydrant iceberg igloo insect island ivory jaguar jelly jigsaw
    juniper kangaroo kayak kettle kidney kiosk koala ladder lagoon lantern lasso lavender leopard library lilac
    lunch magic marble meadow melon mermaid midnight mirror mitten monkey mosaic museum napkin nectar nephew ninety
    nomad noodle novel nugget nutmeg oasis oatmeal obelisk oboe ocean octopus office olive onion opal opera orange
    orchid ostrich otter oxygen palace pancake parrot peanut pebble pelican pepper pigeon pilgrim plaza pocket polar
    pony prism puffin pumpkin puzzle pyramid quartz rabbit raccoon radish rainbow raven rhino rhubarb ribbon robin
    rooster ruby saddle saffron sailor sandal scarf sherbet silver skate sketch slipper snow sofa spider squirrel
    stadium stove sugar sultan sunset swan syrup tablet tadpole tango teapot tennis thunder tiger toast tomato torch
    tractor tripod trousers trumpet tulip tundra turtle twelve ukulele umbrella uncle unicorn valley vanilla velvet
    village vinegar violin volcano voyage vulture waffle walrus wedding wheat whistle willow winter wizard wool
    yacht yogurt zebra zenith zigzag
"""
_WORDS = _LIST.split()


def words(data: bytes, count: int) -> str:
    """`count` words (1 to 64, 8 bits each) that stand for `data`, which begins with what it is the data of.

    The words are those of a hash over `data` and `count`: similar data, and fewer words of the same, look different.
    """
    return " ".join(_WORDS[byte] for byte in blake2b(data, digest_size=count, person=b"chat-tui words 1").digest())
