# What the scripts use of OpenWrt's /lib/functions.sh, as its documentation tells it.
R=$IPKG_INSTROOT

config_load() { config=/etc/config/$1; }

config_get() { # config_get VARIABLE SECTION OPTION [DEFAULT]
	local value
	value=$(sed -n "s/^[[:space:]]*option $3 '\(.*\)'$/\1/p" "$config" | tail -n 1)
	eval "$1=\${value:-\$4}"
}

config_get_bool() {
	config_get "$@"
	case $(eval "echo \$$1") in
	1 | on | true | yes | enabled) eval "$1=1" ;;
	0 | off | false | no | disabled) eval "$1=0" ;;
	*) eval "$1=\$4" ;;
	esac
}

group_exists() { grep -qs "^$1:" "$R/etc/group"; }
group_add() { echo "$1:x:$2:" >>"$R/etc/group"; }
user_exists() { grep -qs "^$1:" "$R/etc/passwd"; }
user_add() { echo "$1:x:$2:$3:$4:$5:$6" >>"$R/etc/passwd"; }
