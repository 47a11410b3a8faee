"""Which Apprise schemas may be used: services reached over a network, none that act on this machine's desktop."""

from collections.abc import Iterator, Mapping

# Apprise's modules, each with the schemas of its service where they differ from its name.
_MODULES = """
africas_talking:atalk amqp:amqp,amqps apprise_api:apprise,apprises aprs bark:bark,barks betterstack
bluesky:bluesky,bsky brevo bulksms bulkvs burstsms:burstsms,kudosity chanify clickatell clicksend
cliq:cliq,zcliq,zohocliq cm custom_form:form,forms custom_json:json,jsons custom_xml:xml,xmls d7networks:d7sms dapnet
deltachat:deltachat,deltachats dingtalk discord dot eight00com email:mailto,mailtos emby:emby,embys
enigma2:enigma2,enigma2s evolution:evolution,evolutions exotel fcm feishu firehydrant flock
flowtriq:flowtriq,flowtriqs fluxer:fluxer,fluxers fortysixelks:46elks,elks freemobile github goalert:goalert,goalerts
google_chat:gchat gorush:gorush,gorushs gotify:gotify,gotifys groundmail groupme guilded gupshup
home_assistant:hassio,hassios httpsms humhub:humhub,humhubs ifttt ilert incidentio infobip irc:irc,ircs
jellyfin:jellyfin,jellyfins jira join kakaotalk:kakao,kakaotalk kaleyra:kaleyra,klr kavenegar
kodi:kodi,kodis,xbmc,xbmcs kook kumulos lametric:lametric,lametrics lark lauther lfgalarm:lfg line mailersend mailgun
mastodon:mastodon,mastodons,toot,toots matrix:matrix,matrixs mattermost:mmost,mmosts messagebird:msgbird
misskey:misskey,misskeys mobilemessage:mobilemessage,mobilemsg mqtt:mqtt,mqtts msg91 nextcloud:ncloud,nclouds
nextcloudtalk:nctalk,nctalks nostr notica:notica,noticas notifiarr notifico:notifico,notificos notifyre
ntfy:ntfy,ntfys octopush office365:azure,o365 one_signal:onesignal onebot:onebot,onebots opsgenie pagerduty pagertree
parseplatform:parsep,parseps pinglet:pinglet,pinglets pingram plivo postmark prowl pushbullet:pbul
pushdeer:pushdeer,pushdeers pushed pushjet:pjet,pjets pushme pushover:pover pushplus:pushplus,wecom
pushsafer:psafer,psafers pushward pushy qq reddit resend revolt ringcentral:ringc rocketchat:rocket,rockets rsyslog
ryver sendgrid sendpulse serverchan:schan serwersms ses seven sfr signal_api:signal,signals signalgrid signl4
simplepush:simplepush,spush sinch slack smpp:smpp,smpps smsc smseagle:smseagle,smseagles smsmanager:smsmanager,smsmgr
smstunnel smtp2go sns sogs:session,sessions,sogs sparkpost spike splunk:splunk,victorops spugpush squadcast stackfield
streamlabs:strmlabs synology:synology,synologys techuluspush:push telegram:tgram telesign telnyx threema
trigv:trigv,trigvs twilio twist twitter:tweet,twitter,x vapid viber voipms vonage:nexmo,vonage
webexteams:webex,wxteams wechat wecombot whapi whatsapp workflows:workflow,workflows wpush wxpusher xmatters
xmpp:xmpp,xmpps youlmk zalo zoom zulip
"""


def _modules() -> Iterator[tuple[str, str]]:
    for word in _MODULES.split():
        module, _, schemas = word.partition(":")
        yield from ((schema, module) for schema in (schemas or module).split(","))


PLUGINS: Mapping[str, str] = dict(_modules())
"""Schema -> the module of `apprise.plugins` that speaks to the service."""

# The addresses that these services hand out, which people paste as they are.
HOSTS = {"hooks.slack.com": "slack", "discord.com": "discord", "discordapp.com": "discord"}
# These keep incidents, which later messages update and close.
RESOLVING = frozenset({"opsgenie", "pagerduty"})
# What Apprise hands them as plain text they show as Markdown.
SHOW_MARKDOWN = frozenset({"discord", "mmost", "mmosts"})
