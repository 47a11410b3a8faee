"""Which Apprise schemas may be used: services reached over a network, none that act on this machine's desktop."""

_SCHEMAS = """
46elks elks amqp amqps apprise apprises aprs atalk azure o365 bark barks betterstack brevo
bsky bluesky bulksms bulkvs burstsms kudosity chanify clickatell clicksend cliq zcliq zohocliq cm d7sms dapnet
deltachat deltachats dingtalk discord dot eight00com emby embys enigma2 enigma2s evolution evolutions exotel fcm
feishu firehydrant flock flowtriq flowtriqs fluxer fluxers form forms freemobile gchat github goalert goalerts gorush
gorushs gotify gotifys groundmail groupme guilded gupshup hassio hassios httpsms humhub humhubs ifttt ilert incidentio
infobip irc ircs jellyfin jellyfins jira join json jsons kakao kakaotalk kaleyra klr kavenegar kodi kodis kook kumulos
lametric lametrics lark lauther lfg line mailersend mailgun mailto mailtos mastodon mastodons matrix matrixs
messagebird misskey misskeys mmost mmosts mobilemessage mobilemsg mqtt mqtts msg91 msgbird ncloud nclouds nctalk
nctalks nexmo nostr notica noticas notifiarr notifico notificos notifyre ntfy ntfys octopush onebot onebots onesignal
opsgenie pagerduty pagertree parsep parseps pbul pinglet pinglets pingram pjet pjets plivo postmark pover prowl psafer
psafers push pushdeer pushdeers pushed pushme pushplus pushward pushy qq reddit resend revolt ringc rocket rockets
rsyslog ryver schan sendgrid sendpulse serwersms session sessions seven sfr signal signalgrid signals signl4
simplepush sinch slack smpp smpps smsc smseagle smseagles smsmanager smsmgr smstunnel smtp2go sns sogs sparkpost spike
splunk spugpush spush squadcast ses stackfield strmlabs synology synologys telesign telnyx tgram threema toot toots
trigv trigvs tweet twilio twist twitter vapid viber victorops voipms vonage webex wechat wecom wecombot whapi whatsapp
workflow workflows wpush wxpusher wxteams x xbmc xbmcs xmatters xml xmls xmpp xmpps youlmk zalo zoom zulip
"""
ALLOWED = frozenset(_SCHEMAS.split())
# These keep incidents, which later messages update and close.
RESOLVING = frozenset({"opsgenie", "pagerduty"})
# What Apprise hands them as plain text they show as Markdown.
SHOW_MARKDOWN = frozenset({"discord", "mmost", "mmosts"})
