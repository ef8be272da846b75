#!/bin/sh
# Makes small inputs that the fuzz targets begin with, each with a property of its own:
#   sh fuzz/seeds.sh DIRECTORY     a directory for each target in it
# Wants vips and opj_compress. What is committed beside the tests is taken as it is.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
golden=$project/tests/golden
corpus=$1
rooms='tiff jpeg jpeg_tile image jp2_boxes jp2_headers jp2_index jp2_block jp2_image exif xmp blocks fastcgi url config'
for room in $rooms; do mkdir -p "$corpus/$room"; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Files
cp "$golden"/*.tif "$corpus/tiff"
cp "$golden"/*.jpg "$corpus/jpeg"
cp "$golden"/*.png "$golden"/*.gif "$golden"/*.webp "$corpus/image"
cp "$golden"/*.jp2 "$corpus/jp2_image"
printf 'BM\106\0\0\0\0\0\0\0\066\0\0\0\050\0\0\0\002\0\0\0\002\0\0\0\001\0\030\0\0\0\0\0\020\0\0\0\023\013\0\0\023\013\0\0\0\0\0\0\0\0\0\0' \
    >"$corpus/image/two.bmp"
printf '\0\0\377\0\377\0\0\0\377\0\0\377\377\377\0\0' >>"$corpus/image/two.bmp"

tiff() {
    name=$1 from=$2
    shift 2
    vips tiffsave "$golden/$from.png" "$corpus/tiff/$name.tif" "$@"
}
for compression in none jpeg deflate packbits lzw webp zstd; do
    tiff "tiles-$compression" rgb --compression "$compression" --tile --tile-width 16 --tile-height 16 --pyramid
done
vips cast "$golden/rgb16.png" "$work/floats.v" float
for compression in lzw deflate zstd; do
    tiff "predicted-$compression" rgb16 --compression "$compression" --predictor horizontal
    vips tiffsave "$work/floats.v" "$corpus/tiff/floats-$compression.tif" --compression "$compression" --predictor float
done
tiff fax gray --compression ccittfax4 --bitdepth 1
tiff bits gray --bitdepth 2
tiff big rgba --bigtiff --tile --tile-width 16 --tile-height 16 --subifd --pyramid
tiff lab rgb --compression jpeg --rgbjpeg --Q 50

jpeg() {
    name=$1
    shift
    vips jpegsave "$golden/rgb.png" "$corpus/jpeg/$name.jpg" "$@"
}
jpeg progressive --interlace
jpeg restarts --restart-interval 2
jpeg full --subsample-mode off --Q 95
jpeg coded --optimize-coding
for file in "$corpus"/jpeg/*.jpg; do
    name=$(basename "$file" .jpg)
    { printf '\005\377\377' && cat "$file"; } >"$corpus/jpeg_tile/$name-turned"
    { printf '\010\021\012' && cat "$file"; } >"$corpus/jpeg_tile/$name-cut"
done

jp2() {
    name=$1
    shift
    opj_compress -i "$golden/rgb.png" -o "$corpus/jp2_image/$name.jp2" "$@" >"$work/log" || { cat "$work/log"; exit 1; }
    opj_compress -i "$golden/rgb.png" -o "$corpus/jp2_index/$name.j2k" "$@" >"$work/log"
}
jp2 plain -n 3
jp2 tiles -n 2 -t 16,16 -PLT -TLM
jp2 layers -n 3 -r 20,10,1 -p RLCP -I
jp2 precincts -n 3 -c '[16,16],[8,8]' -b 4,4 -p PCRL
jp2 marked -n 2 -SOP -EPH -M 63
jp2 parts -n 2 -t 16,16 -TP R -p CPRL
cp "$corpus"/jp2_image/*.jp2 "$corpus/jp2_boxes"
cp "$corpus"/jp2_index/*.j2k "$corpus/jp2_headers"
for style in 000 001 077; do
    { printf '\020\020\'$style'\010\001\026' && tail -c 300 "$corpus/jp2_index/plain.j2k"; } >"$corpus/jp2_block/style-$style"
done

# What files say about themselves
cp "$golden/gray.tif" "$corpus/exif"
printf 'Exif\0\0MM\0\052\0\0\0\010\0\001\001\022\0\003\0\0\0\001\0\006\0\0\0\0\0\0' >"$corpus/exif/turned"
printf 'II\052\0\010\0\0\0\002\0\151\207\004\0\001\0\0\0\046\0\0\0\230\202\002\0\003\0\0\0me\0\0\0\0\0\0\001\0\001\240\003\0\001\0\0\0\377\377\0\0\0\0\0\0' \
    >"$corpus/exif/copyright"
xmp() { printf '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">%s</rdf:RDF></x:xmpmeta>' "$1"; }
xmp '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>' >"$corpus/xmp/attribute"
xmp '<rdf:Description xmlns:t="http://ns.adobe.com/tiff/1.0/"><t:Orientation>8</t:Orientation></rdf:Description>' >"$corpus/xmp/element"
xmp '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:Thumbnails><rdf:Alt/></xmp:Thumbnails></rdf:Description>' \
    >"$corpus/xmp/thumbnail"

# Asks, a reply, and the head of a block file
version='\005\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\005\0a.tif\003\0"1"'
printf '\001\001\0\0\0\0\001\0a' >"$corpus/blocks/find"
printf "\\002\\0\\0\\0\\0\\0$version"'\0\0\0\0\001\0\0\0' >"$corpus/blocks/fetch"
printf "\\001\\0\\0\\0\\011\\0\\0\\0\\0\\0\\0\\0\\001$version" >"$corpus/blocks/found"
printf "recto\\0b\\001\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0boot id, 16 byte\\001\\0s$version" >"$corpus/blocks/head"

# The wire: BEGIN_REQUEST, PARAMS, their end, the end of STDIN
begin='\001\001\0\001\0\010\0\0\0\001\0\0\0\0\0\0'
end='\001\004\0\001\0\0\0\0\001\005\0\001\0\0\0\0'
printf "\\007$begin"'\001\004\0\001\0\026\002\0\013\011REQUEST_URI/iiif/3/a\0\0'"$end" >"$corpus/fastcgi/request"
printf '\001\001\011\0\0\0\020\0\0\016\0FCGI_MAX_CONNS'"$begin" >"$corpus/fastcgi/values"
printf "\\001$begin"'\001\002\0\001\0\0\0\0' >"$corpus/fastcgi/abort"

number=0
for url in /iiif/3/a/full/max/0/default.jpg /iiif/3/a%2Fb/0,0,256,256/128,/90/gray.png /iiif/2/a/square/full/!0/bitonal.tif \
    '/iiif/3/a/pct:10,10,50.5,50/^!100,50/22.5/color.webp' /iiif/2/a/1,2,3,4/pct:50/180/native.jpg /iiif/3/a/full/,99/!270/default.gif \
    /iiif/3/a/info.json /iiif/2/b; do
    number=$((number + 1))
    printf '\003\350\002\130\037\376%s' "$url" >"$corpus/url/$number"
    printf '\377\377\100\001\377\025%s' "$url" >"$corpus/url/$number-large"
done

# Keys are set as the file explains them: `# key = value`
cp "$project/systemd/recto.toml" "$corpus/config/shipped"
sed -E 's/^# ?([a-z_]+ = )/\1/' "$project/systemd/recto.toml" >"$corpus/config/all"
printf '[masters]\nroot = "/srv"\n[offer]\nformats = ["jpg", "png"]\nbackground = "#fff"\n' >"$corpus/config/short"
