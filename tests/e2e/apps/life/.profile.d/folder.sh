export FROM_FOLDER="$DYNO and its folder"
