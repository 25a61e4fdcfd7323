export FROM_PROFILE="$DYNO and its profile"
