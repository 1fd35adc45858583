# ruff: noqa: SIM905 -- word lists read better as text
"""The words of the benchmark's text: English by part of speech, and a few of five other languages."""

FUNCTION_WORDS = """
the to of and a in is it that for you on be with this are as at not have from or we can if by your but an will
there which they all was what so do one about when has more would like then how any out up use should only into
some our other its them just may time also than no make get need these after before where because each most over
such first here those both while between through same being see does still every without against well even might
could now however since until under two
""".split()
NOUNS = """
account address agent alert amount analysis answer api argument article asset attempt audit author backup
balance batch behaviour benefit bill block board body branch bucket budget buffer bug build button cache
calendar call campaign card case catalogue category cause cell change channel chapter charge chart check choice
client cloud cluster code collection column command comment commit company component condition configuration
connection constraint container content context contract copy cost country course credit currency customer
dashboard data database date deadline decision default delivery department dependency deployment design detail
device difference discount document domain draft driver edge effect element email employee endpoint engine entry
environment error estimate event example exception expense experiment export expression factor failure feature
field figure file filter flag flow folder form format frame function garden goal graph group guide handler
header history host hour idea image import incident index industry input insight instance insurance interest
interface interval inventory invoice issue item job journey kernel key label language latency layer lead leak
lesson letter level library licence limit line link list loan location lock log loop machine manager market
match material measure meeting member memory merge message method metric migration minute mistake mode model
module moment month motor network node note notification number object offer office operation option order
organisation outage outcome output owner package page parameter parent part partner password path patient
pattern payment period permission person phase phrase picture piece pipeline plan platform point policy pool
port position post price priority problem process product profile program project property protocol provider
purchase purpose quality query question queue quota range rate reader reason receipt record recovery region
release reminder rent report repository request requirement research reservation resource response result retry
return review risk role room route row rule sample scale scenario schedule schema scope score screen script
season secret section sensor sequence server service session setting shape shift shipment signal signature site
size snapshot software solution source space sprint staff stage standard state statement station step stock
storage store stream string structure student subject subscription suggestion summary supplier support surface
survey system table tag target task tax team template term test text thread threshold ticket timeout title token
tool topic total trace traffic train transaction transfer trial trip type unit update upgrade usage user value
variable vendor version video view visitor volume voucher warehouse warning week window worker workflow year
zone
""".split()
VERBS = """
accept add adjust allow answer apply approve archive arrange ask assign attach avoid balance block book build
calculate call cancel capture change charge check choose claim clean close collect combine compare complete
compute configure confirm connect consider contain continue convert copy correct count cover create debug decide
decline define delay delete deliver depend deploy describe detect determine develop disable discuss divide
download draft drop edit emit enable end enforce ensure enter escalate estimate evaluate examine exclude execute
expand expect expire explain explore export extend extract fail fetch fill filter find finish fix flag flush
follow forward gather generate grant group grow guess handle happen help hold identify ignore import improve
include increase index inform insert inspect install investigate invite join keep label launch learn limit link
list load lock log maintain manage map mark match measure merge migrate miss monitor mount move name notify
observe offer open order organise overwrite pack parse pass pause pay perform pick place plan point prepare
present prevent print process produce profile promise propose protect prove provide publish pull push query
queue raise reach read rebuild receive recommend record recover reduce refactor refer refresh refund reject
release remind remove rename render repeat replace reply report request require reset resize resolve respond
restart restore retry return review rewrite roll rotate route run save scan schedule search select send separate
serve share shift ship show sign skip solve sort split start stop store stream submit suggest support suspend
switch sync tag talk test throw track train transfer translate trigger trim try tune update upgrade upload
validate verify visit wait warn watch work wrap write
""".split()
ADJECTIVES = """
able active actual additional annual atomic automatic available average basic better big broken careful cheap
clean clear cold common complete complex concrete constant correct critical current custom daily dangerous deep
different digital direct double early easy empty equal exact existing expensive explicit external extra fair
fast final fixed flat flexible foreign formal free frequent fresh full future general global good great half
happy hard healthy heavy helpful hidden high hot human idle immediate important independent individual initial
inner interesting internal invalid large late lazy legal likely linear little local logical long loose low major
manual maximal medium minimal minor missing mobile modern monthly multiple mutable narrow natural nested new
next nice normal obvious odd official old open optional ordinary original outer parallel partial past perfect
permanent personal physical plain popular positive possible practical precise present previous primary private
proper public quick quiet random rare raw ready real recent regular relative relevant reliable remote rich right
safe scheduled secondary secure separate serial serious shared sharp short similar simple single slow small
smart smooth soft solid special specific stable stale standard static strict strong successful sudden suitable
temporary thin tight tiny typical unique unknown unusual upper urgent useful usual valid verbose visible warm
weak weekly whole wide wild wrong young
""".split()
LANGUAGES = {
    "german": """
der die das und ist nicht ich sie wir haben mit für auf eine einen von dem den kann wird bitte danke Rechnung
Bestellung Lieferung Kunde Vertrag Frage Antwort Termin Woche Adresse Konto Zahlung Rückgabe Gerät Fehler Lösung
Änderung Übersicht Größe Straße prüfen schicken ändern bestätigen öffnen schließen erhalten warten später heute
morgen gestern schnell möglich leider natürlich außerdem deshalb trotzdem zwischen während ohne gegen innerhalb
Kündigungsfrist Datenschutzerklärung Versandbestätigung Verfügbarkeit
""".split(),
    "french": """
le la les et est ne pas je vous nous avons avec pour sur une un de du des peut sera merci bonjour facture
commande livraison client contrat question réponse rendez-vous semaine adresse compte paiement retour appareil
erreur solution changement aperçu taille vérifier envoyer modifier confirmer ouvrir fermer recevoir attendre
aujourd'hui demain hier rapidement possible malheureusement naturellement ensuite cependant pendant contre délai
remboursement expédition disponibilité déjà très où été à
""".split(),
    "spanish": """
el la los y es no yo usted nosotros tenemos con para sobre una un de del puede será gracias hola factura pedido
entrega cliente contrato pregunta respuesta cita semana dirección cuenta pago devolución equipo error solución
cambio resumen tamaño comprobar enviar modificar confirmar abrir cerrar recibir esperar hoy mañana ayer rápido
posible lamentablemente después aunque durante contra plazo reembolso envío disponibilidad también más qué año
""".split(),
    "japanese": """
注文 配送 返品 住所 変更 確認 お願いします ありがとうございます 請求書 契約 質問 回答 予約 今週 来週 口座 支払い
端末 エラー 解決 方法 概要 サイズ 送信 開く 閉じる 受け取る 待つ 今日 明日 昨日 可能 残念ながら もちろん しかし
までに について です ます でした ください 商品 在庫 発送 サポート 担当者 設定 画面 更新 は が を に で と の も
""".split(),
    "arabic": """
الطلب التوصيل الفاتورة العنوان الحساب الدفع السؤال الجواب الموعد الأسبوع اليوم غدا أمس شكرا من فضلك يمكن لا نعم
هذا هذه على في من إلى عن مع قبل بعد خلال المنتج المخزون الشحن الدعم الجهاز خطأ الحل التغيير الإرجاع العقد متاح
قريبا للأسف بالطبع ولكن أيضا
""".split(),
}
