"""The static picture of a pair: HTML, SVG, PNG, the terminal, and files.

`compose` makes a `picture.Picture` of a result, every format draws that; token text reaches a
sink only through `escape`.
"""
