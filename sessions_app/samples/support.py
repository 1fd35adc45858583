"""Sample sessions: customer service, short and long, in several languages."""

from __future__ import annotations

from datetime import timedelta

from sessions_app.samples.dialects import CONTENTS, MESSAGES, Tool
from sessions_app.samples.talk import Talk

TEXT = {"type": "string"}
DATE = {"type": "string", "format": "date"}

BOOKING_TOOLS = (
    Tool("find_booking", "Find a booking by its reference or by the guest's name.", {"reference": TEXT}),
    Tool(
        "room_availability",
        "Rooms that are free between two dates, with their prices per night in EUR.",
        {"arrival": DATE, "departure": DATE, "room_type": {"type": "string", "enum": ["single", "double", "suite"]}},
        optional=("room_type",),
    ),
    Tool(
        "change_booking",
        "Move a booking to other dates. The guest gets a confirmation by e-mail. Can't be undone.",
        {"reference": TEXT, "arrival": DATE, "departure": DATE},
    ),
)
HOME_TOOLS = (
    Tool(
        "set_light",
        "Switch or dim the lights of a room.",
        {
            "room": {"type": "string", "enum": ["kitchen", "living room", "bedroom", "hall", "office"]},
            "brightness": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Percent; 0 is off."},
            "colour": {"type": "string", "description": "A name such as `warm white`."},
        },
        optional=("colour",),
    ),
    Tool(
        "set_thermostat",
        "Set the target temperature of a room in degrees Celsius.",
        {"room": TEXT, "celsius": {"type": "number"}},
    ),
    Tool("read_sensors", "Temperature, humidity and open windows of all rooms.", {}),
)


def late_parcel() -> Talk:
    talk = Talk(
        "support-order-48213",
        timedelta(minutes=4),
        "gpt-4o-mini",
        system=(
            "You are the service assistant of Nordlicht Outdoor. Be brief and friendly. Refunds over 150 EUR go "
            "to a colleague."
        ),
        user="maria.keller@example.com",
        tags=("support", "shop"),
        metadata={"channel": "web chat", "release": "2026.11.3"},
        stream=True,
    )
    talk.say(
        "Hi, my order 48213 was supposed to arrive on Tuesday and it still says 'in transit'. I leave for a "
        "trip on Saturday and I need the tent."
    )
    talk.reply(
        "I'm sorry, Maria, that is too close for comfort. Order 48213 (two-person tent *Fjell 2*, sleeping "
        "mat) left our "
        "warehouse last Friday and was scanned in Hannover on Monday evening. It has not moved since, which "
        "is unusual.\n\n"
        "I can do one of two things:\n\n1. **Send a second tent by express today.** It arrives on Thursday "
        "before noon, and "
        "you simply refuse the first parcel.\n2. **Refund the order now** (189.90 EUR), so that you can buy "
        "it elsewhere.\n\nWhich do you prefer?"
    )
    talk.say("Option 1 please! Does the express cost extra?")
    talk.reply(
        "No, that is on us. I have ordered the express delivery to Lindenstraße 12, 30159 Hannover. You will "
        "get the tracking "
        "number by e-mail within the hour."
    )
    talk.say("great. and what do I do with the first parcel if the neighbour accepts it?")
    talk.reply(
        "No problem: write to us and we'll send a return label. You have 30 days, and nothing will be charged "
        "meanwhile."
    )
    talk.say("Perfect, thank you :)")
    return talk.reply("You're welcome, and enjoy the trip! ⛺")


def router_troubleshooting() -> Talk:
    talk = Talk(
        "isp-chat-9f31c2",
        timedelta(hours=2, minutes=17),
        "gpt-4o-mini",
        system=(
            "You help customers of a fibre provider. Go through the checklist one step at a time. Never ask for "
            "passwords."
        ),
        user="cust-220871",
        tags=("support", "internet"),
        metadata={"channel": "app"},
    )
    turns = (
        (
            "internet is down since this morning, the box blinks red",
            "Let's find out together. Which of the lights is red: **Power**, **Fibre** or **Internet**? It is "
            "printed below each light.",
        ),
        (
            "Fibre",
            "Then the box gets no signal from the line. Please look at the thin yellow or white cable at the "
            "back: is it plugged in "
            "at both ends, and does it have a sharp bend anywhere?",
        ),
        (
            "its plugged in. there is a shelf standing on it, kind of",
            "That may be it: glass fibre breaks when it is squeezed. Please free the cable and tell me "
            "whether it has a kink or a dent.",
        ),
        (
            "freed it, it has a dent but its not broken I think. still red",
            "Thanks. Unplug the box's power for 30 seconds and plug it in again; it needs about two minutes "
            "to start. Tell me what "
            "the Fibre light does then.",
        ),
        (
            "blinks green now",
            "Blinking green means it is looking for the line. Give it another two minutes. If it turns "
            "**solid green**, you are back online.",
        ),
        (
            "solid green! works. is the cable ok now?",
            "It works, but with a dent the signal is weaker, and it may fail again. I have ordered a new "
            "cable for you (free of charge, "
            "three metres, arrives on Wednesday). It just clicks in.\n\nIs there anything else?",
        ),
        ("no thats all, thanks", "Glad it's working again. Have a good day!"),
    )
    for question, answer in turns:
        talk.say(question).reply(answer)
    return talk


def hotel_change() -> Talk:
    """Through a LiteLLM proxy, with tool calls."""
    talk = Talk(
        "concierge-call-77120",
        timedelta(hours=5, minutes=40),
        "gpt-4.1-mini",
        system=(
            "You answer for Hotel Seeblick, Konstanz. Today is a Tuesday in low season. Confirm before you change "
            "anything."
        ),
        tools=BOOKING_TOOLS,
        user="guest-5532",
        tags=("concierge", "hotel"),
        metadata={"property": "seeblick"},
        source="litellm",
    )
    talk.say(
        "Hello, I booked from 4 to 7 December under K7TQ2M, can I come one day later and also stay one day longer?"
    )
    talk.call(("find_booking", {"reference": "K7TQ2M"}))
    talk.result(
        {
            "reference": "K7TQ2M",
            "guest": "A. Okafor",
            "room": "double, lake view",
            "arrival": "2026-12-04",
            "departure": "2026-12-07",
            "rate": "flexible",
            "total_eur": 447.0,
        }
    )
    talk.call(("room_availability", {"arrival": "2026-12-05", "departure": "2026-12-08", "room_type": "double"}))
    talk.result(
        {
            "rooms": [
                {"type": "double", "view": "lake", "per_night_eur": 149.0},
                {"type": "double", "view": "garden", "per_night_eur": 129.0},
            ]
        }
    )
    talk.reply(
        "Good news, Ms Okafor: your lake-view double is free from **5 to 8 December**, still three nights at "
        "149 EUR, so the total "
        "stays at 447 EUR. Your rate is flexible, the change is free. Shall I change it?"
    )
    talk.say("Yes please")
    talk.call(("change_booking", {"reference": "K7TQ2M", "arrival": "2026-12-05", "departure": "2026-12-08"}))
    talk.result({"status": "changed", "confirmation": "K7TQ2M-2", "mail_sent": True})
    return talk.reply(
        "Done: 5 to 8 December, confirmation **K7TQ2M-2**. The e-mail is on its way. We look forward to seeing you."
    )


def smart_home() -> Talk:
    """Anthropic messages: quick turns, parallel tool use."""
    talk = Talk(
        "home-hub-evening",
        timedelta(minutes=38),
        "claude-haiku-4-5",
        system="You control a flat. Act first, then say what you did in one short sentence that can be spoken.",
        tools=HOME_TOOLS,
        user="household-19",
        tags=("voice", "home"),
        dialect=MESSAGES,
        parameters={"temperature": 0.2},
    )
    talk.say("Make it cosy in here, we're watching a film")
    talk.call(
        ("set_light", {"room": "living room", "brightness": 15, "colour": "warm white"}),
        ("set_light", {"room": "kitchen", "brightness": 0}),
        ("set_thermostat", {"room": "living room", "celsius": 21.5}),
    )
    talk.result({"ok": True}).result({"ok": True}).result({"ok": True, "current_celsius": 19.8})
    talk.reply("Lights are low, the kitchen is off, and it's warming up to 21 and a half.")
    talk.say("is any window open?")
    talk.call(("read_sensors", {}))
    talk.result(
        {
            "rooms": {
                "bedroom": {"celsius": 17.1, "humidity": 58, "window": "open"},
                "office": {"celsius": 19.0, "window": "closed"},
            }
        }
    )
    talk.reply("Yes, the one in the bedroom, and it's down to 17 degrees in there.")
    talk.say("ok close… oh you can't. Heat the bedroom to 19 when it's closed")
    return talk.reply(
        "I can't close it, and I can't wait for it either yet. Tell me when it's shut and I'll set the bedroom to 19."
    )


def delivery_in_japanese() -> Talk:
    talk = Talk(
        "jp-shop-20261121-88",
        timedelta(hours=9, minutes=5),
        "gemini-2.5-flash",
        system="あなたは通販サイトのカスタマーサポートです。丁寧な日本語で、簡潔に答えてください。",
        user="tanaka.y@example.jp",
        tags=("support", "japan"),
        dialect=CONTENTS,
    )
    talk.say("注文した炊飯器がまだ届きません。注文番号は JP-77310 です。")
    talk.reply(
        "お待たせしており、誠に申し訳ございません。ご注文番号 JP-77310(炊飯器 "
        "5.5合、ホワイト)は、11月20日に大阪の配送センターを出発し、"
        "現在「輸送中」となっております。\n\n明日、11月23日の午前中にお届けの予定です。ご都合はいかがでしょうか。"
    )
    talk.say("午前中は留守です。夕方に変更できますか?")
    talk.reply(
        "かしこまりました。**11月23日 18時〜20時** "
        "に変更いたしました。ご不在の場合は、宅配ボックスへのお届けも可能です。"
    )
    talk.say("宅配ボックスで大丈夫です。ありがとうございます。")
    return talk.reply("承知いたしました。宅配ボックスへお届けいたします。またのご利用を心よりお待ちしております。")


def bank_in_arabic() -> Talk:
    talk = Talk(
        "bank-ar-3310",
        timedelta(hours=26),
        "gpt-4o",
        system="أنت مساعد خدمة العملاء في بنك الواحة. أجب بالعربية الفصحى وباختصار، ولا تطلب كلمة المرور أبدًا.",
        user="عميل-3310",
        tags=("support", "bank", "دعم"),
        metadata={"الفرع": "عمّان", "channel": "mobile"},
    )
    talk.say("السلام عليكم، بطاقتي رُفضت في المتجر مع أن الرصيد كافٍ. ما السبب؟")
    talk.reply(
        "وعليكم السلام ورحمة الله. أعتذر عن هذا الإزعاج. هناك ثلاثة أسباب محتملة:\n\n"
        "1. **الحد اليومي**: حد الشراء لبطاقتك هو 500 دينار في اليوم.\n"
        "2. **الشراء خارج البلد**: هذه الخدمة متوقفة حاليًا.\n"
        "3. **تاريخ الانتهاء**: بطاقتك صالحة حتى 08/2028، فهذا ليس السبب.\n\n"
        "هل كانت عملية الشراء في متجر إلكتروني أجنبي؟"
    )
    talk.say("نعم، من موقع amazon.de بمبلغ 129,90 €")
    talk.reply(
        "إذن السبب هو أن الشراء الدولي متوقف. يمكنك تفعيله من التطبيق: **البطاقات ← الإعدادات ← الشراء "
        "الدولي** (Cards → Settings → "
        "International purchases)، ثم أعد المحاولة بعد دقيقتين."
    )
    talk.say("تم، شكرًا جزيلًا!")
    return talk.reply("على الرحب والسعة. يومًا سعيدًا! 🌙")


def unicode_odds_and_ends() -> Talk:
    talk = Talk(
        "i18n-check-🦊-überlänge",
        timedelta(days=2, hours=3),
        "gpt-4o-mini",
        system="You are a test helper for a chat widget. Answer in the writing system that you are asked for.",
        user="qa-bot",
        tags=("qa", "i18n"),
    )
    talk.say(
        "Give me one line each: Hebrew, Hindi, Thai, Georgian, emoji with skin tones and families, maths, box drawing."
    )
    talk.reply(
        "עברית: שלום עולם, המחיר הוא 42 ₪ (כולל מע״מ).\nहिन्दी: नमस्ते दुनिया, क्षत्रिय।\n"
        "ไทย: สวัสดีชาวโลก ราคา ๔๒ บาท\nქართული: გამარჯობა, მსოფლიო!\n"
        "Emoji: 👋🏽 👩🏿‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 🇨🇭 1️⃣ ❤️‍🔥\nMaths: ∀ε>0 ∃δ>0: |x−a|<δ ⇒ |f(x)−f(a)|<ε, ∑ₙ "
        "1/n² = π²/6\n"
        "Box drawing:\n\n```text\n┌────────┬───────┐\n│ Straße │   12¾ │\n└────────┴───────┘\n```"
    )
    talk.say("Mix right-to-left and left-to-right in one sentence, and use combining marks.")
    return talk.reply(
        "The file قائمة الطعام (menu).pdf has 12 pages, הקובץ השני is empty; Z̷a̷l̷g̷o̷ c̈ạ́f̂é, na\u0308ive "
        "= näive, and a zero\u200bwidth space."
    )


SESSIONS = (
    late_parcel,
    router_troubleshooting,
    hotel_change,
    smart_home,
    delivery_in_japanese,
    bank_in_arabic,
    unicode_odds_and_ends,
)
