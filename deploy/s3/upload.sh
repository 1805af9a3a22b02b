#!/bin/sh
# upload.sh FOLDER s3://BUCKET[/PREFIX]: puts a folder that `catalog publish` wrote into a bucket, for example
#   catalog publish /srv/models && deploy/s3/upload.sh /srv/models s3://models.example.org
# Only what changed goes up: publish leaves a file alone that would not differ, and `aws s3 sync` goes by size and time.
set -eu
folder=$1 bucket=$2
fresh='no-cache'                               # asked for anew, and mostly answered with 304
fixed='public, max-age=31536000, immutable'    # names under static/ hold the digest of what is in them

# What pages need comes before the pages. Nothing of static/ is deleted: a page that is open may still ask for it.
aws s3 sync "$folder/static" "$bucket/static" --cache-control "$fixed"
# aws guesses a type by the suffix, and does not know these. Each line deletes what publish no longer has.
aws s3 sync "$folder" "$bucket" --exclude '*' --include '*.ics' --delete --cache-control "$fresh" \
    --content-type 'text/calendar; charset=utf-8'
aws s3 sync "$folder" "$bucket" --exclude '*' --include '*.atom' --delete --cache-control "$fresh" \
    --content-type 'application/atom+xml'
aws s3 sync "$folder" "$bucket" --exclude '*' --include '*.feed.json' --delete --cache-control "$fresh" \
    --content-type 'application/feed+json'
aws s3 sync "$folder" "$bucket" --delete --cache-control "$fresh" \
    --exclude 'static/*' --exclude '*.ics' --exclude '*.atom' --exclude '*.feed.json' --exclude '.*' --exclude '*/.*'
