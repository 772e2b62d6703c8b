#!/bin/sh
# From nothing to a reader: a site on this machine, its captchas, their answers, a model.
#
#     sh docs/from-nothing.sh FOLDER [SCHEME]
#
# FOLDER is made. The first 200 captchas are trained on, the last 100 tested on.
set -eu

folder=${1:?name a folder for the captchas}
scheme=${2:-lined}
mkdir "$folder"
cd "$folder"

captchascope practice-site --scheme "$scheme" --port 0 --answers answers.csv > site.txt &
site=$!
trap 'kill "$site" 2>/dev/null || true' EXIT
until grep -q listening site.txt; do
    kill -0 "$site" # what cannot listen has said why
    sleep 0.2
done
page=$(sed 's/^listening on //' site.txt)

captchascope collect "$page" collected --selector '#captcha' --count 300
captchascope convert collected --answers answers.csv --to csv captchas
captchascope check captchas
captchascope train captchas -o mine.onnx --last 200
captchascope test captchas --model mine.onnx --first 201
captchascope read captchas --model mine.onnx --first 298
