export SOJOURN_STORE=sqlite:shop.db       # and SOJOURN_KEYS as the app has it
npx sojourn sessions list --user ada      # devices, deadlines, ids
npx sojourn sessions end "$ID"            # one of them; needs no keys
npx sojourn sessions revoke-user ada      # all of them, logins under way included
npx sojourn sessions end --all --yes      # everybody's; without --yes it asks
npx sojourn sessions sweep                # what has expired, now
npx sojourn sessions migrate --dry-run    # what the database needs; without --dry-run it is made
